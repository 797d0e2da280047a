import type { Checker } from './checker.js'
import { isOf } from './commits-only-what-was-done.js'
import { Owners } from './owners.js'

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
    // Records of topics that were deleted, where they were told of by then.
    const gone = new Map<string, Set<number>>()
    const owners = new Owners()
    /** Who reads on from before the deletion hands out what it had fetched, told of or not. */
    const outdated = new Set<string>()
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
      ...owners.watch,
      assign: (frame) => {
        for (const partition of frame.partitions) outdated.delete(`${frame.process} ${partition}`)
        owners.watch.assign(frame)
      },
      position: ({ process, partition }) => outdated.delete(`${process} ${partition}`),
      deliver: ({ process, seq, partition, first, ids }) => {
        if (!outdated.has(`${process} ${partition}`)) see(seq, partition, first, ids)
      },
      topic: ({ topic, partitions }) => {
        if (partitions > 0) return
        for (const [partition, holders] of owners.partitions) {
          if (!isOf(partition, topic)) continue
          for (const process of holders.keys()) outdated.add(`${process} ${partition}`)
        }
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
