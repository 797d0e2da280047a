import type { Watch } from './checker.js'

export interface Ownership {
  readonly generation: number
  /** The frame in which it began. */
  readonly since: number
}

/**
 * Who holds which partition, from the moment that the application is told of it to the end of its
 * revoke, the beginning of its loss, or the end of the process. Several checkers keep one.
 */
export class Owners {
  readonly #held = new Map<string, Map<string, Ownership>>()
  readonly #ofPartition = new Map<string, Map<string, Ownership>>()

  /** The facts that change it; a checker that handles one of them itself calls it first. */
  readonly watch = {
    assign: ({ process, partitions, generation, seq }) => {
      for (const partition of partitions) this.#add(process, partition, { generation, since: seq })
    },
    revoke: ({ process, partitions }) => this.#removeAll(process, partitions),
    lost: ({ process, partitions }) => this.#removeAll(process, partitions),
    crash: ({ process }) => this.#end(process),
    left: ({ process }) => this.#end(process),
  } satisfies Watch

  holds(process: string, partition: string): Ownership | undefined {
    return this.#held.get(process)?.get(partition)
  }

  /** The partitions of a process. */
  of(process: string): string[] {
    return [...(this.#held.get(process)?.keys() ?? [])]
  }

  /** Everybody who holds it; more than one is a fault. */
  holdersOf(partition: string): ReadonlyMap<string, Ownership> {
    return this.#ofPartition.get(partition) ?? NOBODY
  }

  get partitions(): IterableIterator<[partition: string, holders: ReadonlyMap<string, Ownership>]> {
    return this.#ofPartition.entries()
  }

  #add(process: string, partition: string, ownership: Ownership): void {
    into(this.#held, process).set(partition, ownership)
    into(this.#ofPartition, partition).set(process, ownership)
  }

  #removeAll(process: string, partitions: readonly string[]): void {
    for (const partition of partitions) {
      this.#held.get(process)?.delete(partition)
      this.#ofPartition.get(partition)?.delete(process)
    }
  }

  #end(process: string): void {
    this.#removeAll(process, this.of(process))
  }
}

const NOBODY: ReadonlyMap<string, Ownership> = new Map()

const into = (map: Map<string, Map<string, Ownership>>, key: string): Map<string, Ownership> => {
  const known = map.get(key)
  if (known !== undefined) return known
  const fresh = new Map<string, Ownership>()
  map.set(key, fresh)
  return fresh
}
