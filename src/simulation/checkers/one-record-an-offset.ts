import type { Checker } from './checker.js'
import { isOf } from './commits-only-what-was-done.js'

/**
 * Invariant 10: an offset holds one record, whoever is told of it and whenever, and a record that
 * was sent once is there once.
 */
export const oneRecordAnOffset: Checker = {
  name: 'one record an offset',
  invariant: 10,
  watch: (report) => {
    const records = new Map<string, Map<number, number>>()
    const places = new Map<string, Map<number, number>>()
    // Records of topics that were deleted: members may still hand out what they had fetched.
    const gone = new Map<string, Set<number>>()
    const see = (
      seq: number,
      partition: string,
      first: number,
      ids: readonly (readonly [number, number])[],
    ): void => {
      const known = records.get(partition) ?? new Map<number, number>()
      records.set(partition, known)
      const at = places.get(partition) ?? new Map<number, number>()
      places.set(partition, at)
      let offset = first
      for (const [from, to] of ids) {
        for (let id = from; id <= to; id++, offset++) {
          if (gone.get(partition)?.has(id)) continue
          const before = known.get(offset)
          const place = at.get(id) ?? offset
          at.set(id, place)
          if (place !== offset) {
            report(seq, `${partition} holds record ${id} at ${place} and at ${offset}`)
            return
          }
          if (before === undefined) known.set(offset, id)
          else if (before !== id) {
            report(seq, `${partition} ${offset} held record ${before} and now ${id}`)
            return
          }
        }
      }
    }
    return {
      ack: ({ seq, partition, first, ids }) => see(seq, partition, first, ids),
      deliver: ({ seq, partition, first, ids }) => see(seq, partition, first, ids),
      topic: ({ topic, partitions }) => {
        if (partitions > 0) return
        for (const partition of [...records.keys()]) {
          if (!isOf(partition, topic)) continue
          const ids = [...(gone.get(partition) ?? []), ...(places.get(partition)?.keys() ?? [])]
          gone.set(partition, new Set(ids))
          records.delete(partition)
          places.delete(partition)
        }
      },
    }
  },
}
