import type { Checker } from './checker.js'
import { isOf } from './commits-only-what-was-done.js'
import { DurableState } from './durable-state.js'
import { memberIndexOf } from './member-index.js'

/**
 * Invariants 15 and 18: what SyncGroup brings a member is its part of the target of that
 * generation, and the group at that generation is durable by then.
 */
export const assignedIsTarget: Checker = {
  name: 'assigned is target',
  invariant: 15,
  watch: (report, { members }) => {
    const durable = new DurableState()
    const targets = new Map<number, Readonly<Record<string, readonly string[]>>>()
    return {
      ...durable.watch,
      target: ({ generation, assigned }) => targets.set(generation, assigned),
      synced: ({ process, member, generation, topics, partitions, seq }) => {
        if (!durable.generations.has(generation)) {
          report(seq, `${process} works under generation ${generation}, which is not durable`)
        }
        const assigned = targets.get(generation)
        const target = assigned?.[member]
        if (target === undefined) {
          // A static member that came back has the part of its former id.
          const isStatic = members[memberIndexOf(process) % members.length]!.isStatic
          if (assigned === undefined || partitions.length === 0 || isStatic) return
          report(seq, `${process} got ${partitions.join()} and is not in the target`)
          return
        }
        // What it has unsubscribed from meanwhile it need not take.
        const wanted = target.filter((partition) => topics.some((topic) => isOf(partition, topic)))
        const isMissing = wanted.some((partition) => !partitions.includes(partition))
        if (isMissing || partitions.some((partition) => !target.includes(partition))) {
          report(seq, `${process} got ${partitions.join()}, its target is ${target.join()}`)
        }
      },
    }
  },
}
