import type { Checker } from './checker.js'
import { isOf } from './commits-only-what-was-done.js'

/** What an application has asked for in its present ownership of a partition. */
interface Wishes {
  /** Offsets that it named in a commit of its own. */
  readonly declared: Set<number>
  /** Where it, or a logged reset, went back to. */
  from: number
}

/**
 * Invariant 5: a committed offset never decreases, unless the application went back itself in the
 * same ownership (a seek, an offset of its own), a logged reset did, or the topic is another one.
 */
export const commitsNeverGoBack: Checker = {
  name: 'commits never go back',
  invariant: 5,
  watch: (report) => {
    const committed = new Map<string, number>()
    const wishes = new Map<string, Wishes>()
    const wishesOf = (process: string, partition: string): Wishes => {
      const key = `${process} ${partition}`
      const known = wishes.get(key)
      if (known !== undefined) return known
      const fresh = { declared: new Set<number>(), from: Number.POSITIVE_INFINITY }
      wishes.set(key, fresh)
      return fresh
    }
    const forget = (frame: { process: string; partitions: readonly string[] }): void => {
      for (const partition of frame.partitions) wishes.delete(`${frame.process} ${partition}`)
    }
    return {
      assign: forget,
      revoke: forget,
      lost: forget,
      position: ({ process, partition, offset, from }) => {
        if (from === 'committed') return
        const of = wishesOf(process, partition)
        of.from = Math.min(of.from, offset)
      },
      declare: ({ process, offsets }) => {
        for (const [partition, offset] of Object.entries(offsets)) {
          wishesOf(process, partition).declared.add(offset)
        }
      },
      topic: ({ topic, partitions }) => {
        if (partitions > 0) return
        for (const partition of [...committed.keys()]) {
          if (isOf(partition, topic)) committed.delete(partition)
        }
      },
      commit: ({ by, accepted, seq }) => {
        for (const [partition, offset] of Object.entries(accepted)) {
          const before = committed.get(partition) ?? 0
          committed.set(partition, offset)
          if (offset >= before) continue
          const { declared, from } = wishesOf(by, partition)
          if (declared.has(offset) || offset >= from) continue
          report(seq, `${partition} went from ${before} back to ${offset}, by ${by}`)
        }
      },
    }
  },
}
