import { convergenceMs } from '../plan/deadlines.js'
import type { Checker } from './checker.js'
import { Owners } from './owners.js'

interface Member {
  state: string
  /** Of the last SyncGroup. */
  generation: number
}

/**
 * Invariants 15 and 22: once all faults are over, the group is stable again within its deadline:
 * every member that lives is stable at the coordinator's generation, each partition of their topics
 * has one owner; without members it is empty. A member whose application gave up polling is not
 * waited for, nor is one that was asked to close.
 */
export const convergence: Checker = {
  name: 'convergence',
  invariant: 22,
  watch: (report, plan) => {
    const owners = new Owners()
    const members = new Map<string, Member>()
    const partitions = new Map<string, number>()
    let subscribed = new Set<string>()
    let group = { state: 'empty', generation: 0 }
    /** When the last fault ended. */
    let healedAt: number | undefined
    let hasTopicChanged = false
    let lastMove = 0
    const forget = ({ process }: { readonly process: string }): void => {
      members.delete(process)
    }
    const judge = (seq: number): void => {
      // The leader asks for metadata now and then, and sees only then that a topic has changed.
      const lookMs = hasTopicChanged ? plan.times.metadataMaxAgeMs : 0
      const deadline = convergenceMs(plan) + lookMs
      if (healedAt !== undefined && lastMove - healedAt > deadline) {
        const took = Math.round(lastMove - healedAt)
        report(seq, `the group moved ${took} ms after the last fault; ${deadline} are allowed`)
      }
      const live = [...members].filter(([, { state }]) => state !== 'fenced.waitingForPoll')
      const expected = live.length === 0 ? 'empty' : 'stable'
      if (group.state !== expected) report(seq, `the group is ${group.state}, not ${expected}`)
      for (const [process, { state, generation }] of live) {
        if (state === 'stable' && generation === group.generation) continue
        report(seq, `${process} is ${state} at ${generation}, the group at ${group.generation}`)
      }
      if (live.length === 0) return
      for (const topic of subscribed) {
        for (let partition = 0; partition < (partitions.get(topic) ?? 0); partition++) {
          const holders = [...owners.holdersOf(`${topic}-${partition}`).keys()]
          if (holders.length === 1) continue
          report(seq, `${topic}-${partition} is held by ${holders.join(' and ') || 'nobody'}`)
        }
      }
    }
    return {
      ...owners.watch,
      stop: forget,
      crash: (frame) => {
        forget(frame)
        owners.watch.crash(frame)
      },
      left: (frame) => {
        forget(frame)
        owners.watch.left(frame)
      },
      topic: ({ topic, partitions: count }) => {
        hasTopicChanged ||= partitions.has(topic)
        partitions.set(topic, count)
      },
      target: (frame) => {
        subscribed = new Set(Object.values(frame.subscribed).flat())
      },
      transition: ({ chart, process, states, event, ignored, t }) => {
        // An application that never comes back is a fault that shows only now.
        if (event === 'poll.overdue' && ignored !== true && healedAt !== undefined) healedAt = t
        if (chart !== 'member' || states.startsWith('leaving') || states === 'left') return
        const member = members.get(process)
        if (member === undefined) members.set(process, { state: states, generation: -1 })
        else member.state = states
      },
      synced: ({ process, generation }) => {
        const member = members.get(process)
        if (member !== undefined) member.generation = generation
      },
      group: ({ state, generation, t }) => {
        // Unloaded with nothing to be loaded again: nobody knows it, and it is empty.
        group = { state: state === 'dead' ? 'empty' : state, generation }
        lastMove = t
      },
      // What the next one reads from its store it tells.
      'broker.down': () => {
        group = { state: 'empty', generation: 0 }
      },
      phase: ({ phase, t, seq }) => {
        if (phase === 'liveness') healedAt = t
        if (phase === 'closing') judge(seq)
      },
    }
  },
}
