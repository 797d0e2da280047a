import type { Checker } from './checker.js'

/**
 * Invariant 21: a process is in its group once. A JoinGroup that is sent again, because its answer
 * was lost or its connection broke, comes from the same member: as another one it would leave a
 * ghost, for which everybody waits until its session ends (KAFKA-7610, KAFKA-13214). Only who was
 * told that its id is worthless, or gave it back, comes as somebody else.
 */
export const noGhosts: Checker = {
  name: 'no ghosts',
  invariant: 21,
  watch: (report) => {
    /** Who sent each JoinGroup. */
    const senders = new Map<string, string>()
    /** From whose JoinGroup a member came to be. */
    const processOf = new Map<string, string>()
    const seen = new Set<string>()
    /** Their processes have done with them. */
    const former = new Set<string>()
    /** Whose JoinGroup is being handled, and since when. */
    let asking = { process: '', t: Number.NaN }
    return {
      message: ({ id, way, is, api, process, t }) => {
        const isJoin = is === 'request' && api === 'JoinGroup'
        if (isJoin && way === 'send') senders.set(id, process)
        else if (way === 'receive') {
          asking = { process: (isJoin && senders.get(id)) || '', t }
        }
      },
      group: ({ members, t, seq }) => {
        for (const member of members) {
          if (seen.has(member)) continue
          seen.add(member)
          // Not every request is told of, such as one whose bytes come in pieces.
          if (asking.process === '' || asking.t !== t) continue
          const { process } = asking
          processOf.set(member, process)
          const ghost = members.find(
            (other) => other !== member && processOf.get(other) === process && !former.has(other),
          )
          if (ghost !== undefined) {
            report(seq, `${process} is in the group as ${ghost} and as ${member}`)
          }
        }
      },
      transition: ({ chart, process, event }) => {
        if (chart !== 'member' || !forgetsId.test(event)) return
        for (const [member, of] of processOf) if (of === process) former.add(member)
      },
    }
  },
}

const forgetsId = /^member\.(unknown|replaced)$|: memberUnknown$|^leaveGroup: /
