import type { FactOf, StoredGroupFact } from '../../domain/facts.js'
import type { FactFrameOf, Watch } from './checker.js'
import { isOf } from './commits-only-what-was-done.js'

/** What the store holds for certain, as its own facts tell: several checkers keep one. */
export class DurableState {
  /** Last durable offset of each log. */
  readonly logEnds = new Map<string, number>()
  readonly offsets = new Map<string, number>()
  /** What was committed of topics when they were deleted: an answer under way may still tell it. */
  readonly fading = new Map<string, Set<number>>()
  /** Every durable value that a partition's committed offset ever had. */
  readonly offsetsEver = new Map<string, Set<number>>()
  group: StoredGroupFact | undefined
  readonly generations = new Set<number>()
  #waiting: FactFrameOf<'write'>[] = []

  readonly watch = {
    write: (frame) => void this.#waiting.push(frame),
    flush: ({ write }) => {
      const durable = this.#waiting.filter((one) => one.write <= write)
      this.#waiting = this.#waiting.filter((one) => one.write > write)
      for (const one of durable) this.#apply(one)
    },
    // What was waiting and did not become durable with the crash is gone.
    'broker.up': () => {
      this.#waiting = []
    },
    topic: ({ topic, partitions }) => {
      if (partitions > 0) return
      // What was ever committed stays: its answer may come after the deletion that overtook it.
      for (const [partition, offset] of this.offsets) {
        if (isOf(partition, topic)) addTo(this.fading, partition, offset)
      }
      for (const map of [this.logEnds, this.offsets]) {
        for (const partition of [...map.keys()]) if (isOf(partition, topic)) map.delete(partition)
      }
    },
  } satisfies Watch

  #apply({ groups, offsets, logs }: FactOf<'write'>): void {
    for (const [partition, last] of Object.entries(logs ?? {})) this.logEnds.set(partition, last)
    for (const [partition, offset] of Object.entries(offsets ?? {})) {
      this.offsets.set(partition, offset)
      addTo(this.offsetsEver, partition, offset)
    }
    for (const group of Object.values(groups ?? {})) {
      this.group = group
      this.generations.add(group.generation)
    }
  }
}

const addTo = (sets: Map<string, Set<number>>, key: string, value: number): void => {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([value]))
  else set.add(value)
}
