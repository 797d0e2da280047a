import type { Checker } from './checker.js'
import { OffsetSet } from './offset-set.js'

/**
 * Invariant 4: below a committed offset every record is done, by whomever. Offsets that the
 * application names itself, by a seek or in a commit, are its own affair. OffsetCommit names topics,
 * not their ids, up to its newest stable version: who held a partition when its topic was deleted
 * may still commit for a new topic of that name.
 */
export const commitsOnlyWhatWasDone: Checker = {
  name: 'commits only what was done',
  invariant: 4,
  watch: (report) => {
    const done = new Map<string, OffsetSet>()
    /** By partition, who ever held it: what it sent may be answered when it holds it no more. */
    const holders = new Map<string, Set<string>>()
    /** Held before the topic was deleted and not assigned since, as `process partition`. */
    const outdated = new Set<string>()
    const doneOf = (partition: string): OffsetSet => {
      const known = done.get(partition)
      if (known !== undefined) return known
      const fresh = new OffsetSet()
      done.set(partition, fresh)
      return fresh
    }
    return {
      assign: (frame) => {
        for (const partition of frame.partitions) {
          outdated.delete(`${frame.process} ${partition}`)
          const known = holders.get(partition) ?? new Set()
          holders.set(partition, known.add(frame.process))
        }
      },
      done: ({ partition, first, last }) => doneOf(partition).add(first, last),
      position: ({ partition, offset, from }) => {
        if (from === 'seek') doneOf(partition).add(0, offset - 1)
      },
      declare: ({ offsets }) => {
        for (const [partition, offset] of Object.entries(offsets)) {
          doneOf(partition).add(0, offset - 1)
        }
      },
      topic: ({ topic, partitions }) => {
        if (partitions > 0) return
        for (const partition of [...done.keys()]) if (isOf(partition, topic)) done.delete(partition)
        for (const [partition, processes] of holders) {
          if (!isOf(partition, topic)) continue
          for (const process of processes) outdated.add(`${process} ${partition}`)
        }
      },
      commit: ({ by, accepted, seq }) => {
        for (const [partition, offset] of Object.entries(accepted)) {
          const missing = doneOf(partition).firstMissing(0, offset - 1)
          if (missing === undefined) continue
          doneOf(partition).add(0, offset - 1)
          if (outdated.has(`${by} ${partition}`)) continue
          report(seq, `${by} committed ${partition} at ${offset}, but ${missing} is not done`)
        }
      },
    }
  },
}

/** `topic-0-3` is a partition of `topic-0`. */
export const isOf = (partition: string, topic: string): boolean =>
  partition.slice(0, partition.lastIndexOf('-')) === topic
