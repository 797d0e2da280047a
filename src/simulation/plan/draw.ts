import { seededRandom } from '../time/seeded-random.js'

/** Draws for a plan, from one seed. Only whole numbers and picks: the same on every machine. */
export class Draw {
  readonly #random: () => number

  constructor(seed: string) {
    this.#random = seededRandom(seed)
  }

  chance(probability: number): boolean {
    return this.#random() < probability
  }

  /** Both ends included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)]!
  }

  /** By weight: `[[3, 'often'], [1, 'rarely']]`. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    const total = items.reduce((sum, [weight]) => sum + weight, 0)
    let left = this.#random() * total
    for (const [weight, item] of items) {
      left -= weight
      if (left < 0) return item
    }
    return items[items.length - 1]![1]
  }

  /** Each with this probability, in order. */
  subset<T>(items: readonly T[], probability: number): T[] {
    return items.filter(() => this.chance(probability))
  }

  /** A part of a duration, between these shares of it. */
  part(ms: number, least: number, most: number): number {
    return Math.round(ms * (least + this.#random() * (most - least)))
  }
}
