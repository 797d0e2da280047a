import type { Checker } from './checker.js'
import { memberIndexOf } from './member-index.js'
import { Owners } from './owners.js'

/**
 * Invariant 1: no two current members hold a partition at once. Who cannot know yet that the group
 * goes on without it is no current member any more, and `no zombie` sees to it that it hands out
 * nothing: a process that is stopped or whose timers are late; and one that the group has dropped
 * and that has not heard of it: its JoinGroup or SyncGroup did not arrive within the rebalance
 * timeout (cooperative: it holds its partitions meanwhile), or its application did not come back
 * from `onPartitionsRevoked` within that time. Who is stable again has heard of it.
 */
export const oneOwner: Checker = {
  name: 'one owner',
  invariant: 1,
  watch: (report, { members, times }) => {
    const owners = new Owners()
    const unaware = new Map<string, Set<string>>()
    const note = (process: string, why: string, isSo: boolean): void => {
      const reasons = unaware.get(process) ?? new Set()
      unaware.set(process, reasons)
      if (isSo) reasons.add(why)
      else reasons.delete(why)
    }
    const memberOf = new Map<string, string>()
    /** Of each process' last SyncGroup. */
    const generations = new Map<string, number>()
    let group: readonly string[] = []
    /** The last rebalance was ended by its timeout. */
    let hasTimedOut = false
    /** When a member was no longer in the group. */
    const droppedAt = new Map<string, number>()
    const silenceMs = Math.min(times.sessionTimeoutMs, times.rebalanceTimeoutMs)
    const isUnaware = (process: string, t: number): boolean => {
      const reasons = unaware.get(process) ?? NO_REASONS
      if (reasons.has('held') || reasons.has('late')) return true
      const member = memberOf.get(process) ?? ''
      if (reasons.size === 0) return t - (droppedAt.get(member) ?? -silenceMs) < silenceMs
      if (hasTimedOut && members[memberIndexOf(process) % members.length]!.isStatic) return true
      return !group.includes(member)
    }
    return {
      ...owners.watch,
      hold: ({ process }) => note(process, 'held', true),
      release: ({ process }) => note(process, 'held', false),
      late: ({ process, ms }) => note(process, 'late', ms > 0),
      synced: ({ process, member, generation }) => {
        memberOf.set(process, member)
        generations.set(process, generation)
      },
      group: ({ members: now, t }) => {
        for (const member of group) if (!now.includes(member)) droppedAt.set(member, t)
        for (const member of now) droppedAt.delete(member)
        group = now
      },
      callback: ({ process, name, phase }) =>
        note(process, 'revoking', name === 'revoked' && phase === 'begin'),
      transition: ({ chart, process, from, event, states, seq }) => {
        if (chart === 'group' && from !== states && states.startsWith('completingRebalance')) {
          if (!from.startsWith('completing')) hasTimedOut = event === 'after rebalanceTimeout'
        }
        if (chart !== 'member') return
        note(process, 'rejoining', states.startsWith('joining') || states === 'syncing.requesting')
        if (states !== 'stable') return
        // Of a rebalance that it took part in, it knows what was given to whom.
        const known = generations.get(process) ?? -1
        for (const partition of owners.of(process)) {
          const { generation } = owners.holds(process, partition)!
          for (const [other, theirs] of owners.holdersOf(partition)) {
            if (theirs.generation <= generation || theirs.generation > known) continue
            report(seq, `${process} is stable and keeps ${partition}, which ${other} was given`)
          }
        }
      },
      assign: (frame) => {
        for (const partition of frame.partitions) {
          for (const [owner] of owners.holdersOf(partition)) {
            if (owner === frame.process || isUnaware(owner, frame.t)) continue
            const what = `${partition} assigned to ${frame.process} while ${owner} holds it`
            report(frame.seq, what)
          }
        }
        owners.watch.assign(frame)
      },
    }
  },
}

const NO_REASONS: ReadonlySet<string> = new Set()
