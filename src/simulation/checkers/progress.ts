import type { Checker } from './checker.js'
import { isOf } from './commits-only-what-was-done.js'
import { Owners } from './owners.js'

/**
 * Invariant 23: of every partition that a member holds and has not paused, all records are read by
 * the time the group has come to rest.
 */
export const progress: Checker = {
  name: 'progress',
  invariant: 23,
  watch: (report) => {
    const owners = new Owners()
    const ends = new Map<string, number>()
    /** Next to be handed out, by process and partition. */
    const positions = new Map<string, number>()
    const paused = new Set<string>()
    const keyOf = (process: string, partition: string): string => `${process} ${partition}`
    return {
      ...owners.watch,
      assign: (frame) => {
        for (const partition of frame.partitions) {
          positions.delete(keyOf(frame.process, partition))
          paused.delete(keyOf(frame.process, partition))
        }
        owners.watch.assign(frame)
      },
      ack: ({ partition, last }) => ends.set(partition, Math.max(last, ends.get(partition) ?? -1)),
      position: ({ process, partition, offset }) =>
        positions.set(keyOf(process, partition), offset),
      deliver: ({ process, partition, last }) => positions.set(keyOf(process, partition), last + 1),
      flow: ({ process, do: what, partitions }) => {
        for (const partition of partitions) {
          const key = keyOf(process, partition)
          if (what === 'pause') paused.add(key)
          else paused.delete(key)
        }
      },
      topic: ({ topic, partitions }) => {
        if (partitions > 0) return
        for (const partition of [...ends.keys()]) if (isOf(partition, topic)) ends.delete(partition)
      },
      phase: ({ phase, seq }) => {
        if (phase !== 'closing') return
        for (const [partition, holders] of owners.partitions) {
          const end = ends.get(partition)
          for (const process of holders.keys()) {
            const key = keyOf(process, partition)
            const position = positions.get(key)
            if (end === undefined || paused.has(key) || (position ?? -1) > end) continue
            report(seq, `${process} stands at ${position} of ${partition}, which has ${end}`)
          }
        }
      },
    }
  },
}
