import type { ConsumerStats } from '../../consumer/stats.js'
import { keyOf } from '../../domain/topic-partition.js'

/**
 * Whether everything has been read that was in the assigned partitions when each was first looked
 * at. What is written later does not move the end, so reading a busy topic stops too.
 */
export class EndWatch {
  readonly #ends = new Map<string, number>()

  isReached({ state, partitions }: Pick<ConsumerStats, 'state' | 'partitions'>): boolean {
    let reached = state === 'stable'
    for (const each of partitions) {
      const { position, positionLag } = each
      const key = keyOf(each)
      if (position !== null && positionLag !== null && !this.#ends.has(key)) {
        this.#ends.set(key, position + positionLag)
      }
      const end = this.#ends.get(key)
      if (position === null || end === undefined || position < end) reached = false
    }
    return reached
  }
}
