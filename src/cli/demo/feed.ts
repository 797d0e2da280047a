import { setTimeout as sleep } from 'node:timers/promises'
import type { Producer } from '../../producer/producer.js'
import { factOf, installedPackages, listFiles } from './source.js'

const PAUSE_MS = 100
/** The story takes about this long; the feed is spread over it. */
const SPREAD_MS = 30_000
const BATCH_AT_FULL_SPEED = 500

/** Streams the facts of all installed files into a topic while the story goes on. */
export class Feed {
  readonly files: readonly string[]
  readonly #root: string
  readonly #producer: Producer
  readonly #topic: string
  /** `partition:offset` of every acknowledged record. */
  readonly acknowledged = new Set<string>()
  #isHurrying = false

  private constructor(root: string, files: readonly string[], producer: Producer, topic: string) {
    this.#root = root
    this.files = files
    this.#producer = producer
    this.#topic = topic
  }

  static async open(producer: Producer, topic: string): Promise<Feed> {
    const root = installedPackages()
    return new Feed(root, await listFiles(root), producer, topic)
  }

  /** No more pauses: what is left goes out at once. */
  hurry(): void {
    this.#isHurrying = true
  }

  /** Resolves when every record is acknowledged. */
  async run(): Promise<void> {
    const calm = Math.max(1, Math.ceil((this.files.length * PAUSE_MS) / SPREAD_MS))
    let next = 0
    while (next < this.files.length) {
      const count = this.#isHurrying ? BATCH_AT_FULL_SPEED : calm
      await this.#send(this.files.slice(next, next + count))
      next += count
      if (!this.#isHurrying) await sleep(PAUSE_MS)
    }
  }

  async #send(files: readonly string[]): Promise<void> {
    const facts = await Promise.all(files.map((file) => factOf(this.#root, file)))
    const records = facts.flatMap((fact) =>
      fact === undefined ? [] : [{ key: fact.package, value: JSON.stringify(fact) }],
    )
    for (const { partition, offset } of await this.#producer.send(this.#topic, records)) {
      this.acknowledged.add(`${partition}:${offset}`)
    }
  }
}
