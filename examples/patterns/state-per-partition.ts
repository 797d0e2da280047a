// State per partition: loaded when a partition comes, saved when it goes, rebuilt elsewhere.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Bus,
  type Consumer,
  type ConsumerRecord,
  connect,
  type Producer,
  type TopicPartition,
} from 'streambus'
import { startBroker } from 'streambus/broker'

const PURCHASES_A_ROUND = 1_000
const CUSTOMERS = 50

/** What one partition's records add up to, and the offset of the first that is not counted yet. */
interface State {
  nextOffset: number
  purchases: Record<string, number>
}

class PurchaseCounter {
  readonly #name: string
  readonly #folder: string
  readonly #consumer: Consumer
  readonly #states = new Map<number, State>()
  #isStopping = false

  constructor(bus: Bus, name: string, folder: string) {
    this.#name = name
    this.#folder = folder
    this.#consumer = bus.consumer({
      groupId: 'purchase-counters',
      topics: ['purchases'],
      clientId: name,
      heartbeatIntervalMs: 500, // by its heartbeat a member hears that another one has come
      onPartitionsAssigned: (partitions) => this.#load(partitions),
      onPartitionsRevoked: (partitions) => this.#save(partitions),
      // Too late to save: the next owner counts on from the last save, and misses nothing.
      onPartitionsLost: (partitions) => this.#forget(partitions),
    })
  }

  /** Counts until it is told to stop; then saves, commits and leaves. */
  async run(): Promise<void> {
    try {
      while (!this.#isStopping) {
        const records = await this.#consumer.poll({ timeoutMs: 100 })
        for (const record of records) this.#count(record)
        // A long-running service saves now and then here too, so that a crash costs little.
      }
    } finally {
      await this.#consumer.close()
    }
  }

  stop(): void {
    this.#isStopping = true
  }

  counted(): number {
    const counts = [...this.#states.values()].flatMap(({ purchases }) => Object.values(purchases))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  owned(): number {
    return this.#states.size
  }

  #count({ partition, offset, key }: ConsumerRecord): void {
    const state = this.#states.get(partition)!
    const customer = String(key)
    state.purchases[customer] = (state.purchases[customer] ?? 0) + 1
    state.nextOffset = offset + 1
  }

  async #load(partitions: readonly TopicPartition[]): Promise<void> {
    for (const tp of partitions) {
      const state = await readState(this.#fileOf(tp))
      this.#states.set(tp.partition, state)
      // The state knows what it has counted: reading on from there counts each record once, even
      // if the group's committed offset is older or newer than the save.
      await this.#consumer.seek(tp, state.nextOffset)
      console.log(`${this.#name}: ${tp.topic}-${tp.partition} loaded at ${state.nextOffset}`)
    }
  }

  async #save(partitions: readonly TopicPartition[]): Promise<void> {
    for (const tp of partitions) {
      const state = this.#states.get(tp.partition)!
      await writeState(this.#fileOf(tp), state)
      console.log(`${this.#name}: ${tp.topic}-${tp.partition} saved at ${state.nextOffset}`)
    }
    this.#forget(partitions)
  }

  #forget(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) this.#states.delete(partition)
  }

  #fileOf({ topic, partition }: TopicPartition): string {
    return join(this.#folder, `${topic}-${partition}.json`)
  }
}

// Stands for a store that every member can reach: a database, an object store, a compacted topic.
const folder = await mkdtemp(join(tmpdir(), 'streambus-state-'))
const broker = await startBroker({ topics: { purchases: { partitions: 4 } } })
const bus = await connect({ brokers: broker })
try {
  const producer = bus.producer()
  const first = new PurchaseCounter(bus, 'counter-1', folder)
  const firstRun = first.run()
  await producePurchases(producer)
  await until(() => first.counted() === PURCHASES_A_ROUND)
  console.log(`counter-1 alone counted ${first.counted()} purchases`)

  // The second member gets two of the partitions, with what the first one has saved for them.
  const second = new PurchaseCounter(bus, 'counter-2', folder)
  const secondRun = second.run()
  await until(() => first.owned() === 2 && second.owned() === 2)
  await producePurchases(producer)
  await until(() => first.counted() + second.counted() === 2 * PURCHASES_A_ROUND)
  console.log(`counter-1 and counter-2 together counted ${first.counted() + second.counted()}`)

  first.stop()
  second.stop()
  await Promise.all([firstRun, secondRun])
} finally {
  await bus.close()
  await broker.close()
  await rm(folder, { recursive: true, force: true })
}

async function producePurchases(producer: Producer): Promise<void> {
  await producer.send(
    'purchases',
    Array.from({ length: PURCHASES_A_ROUND }, (_, n) => ({
      key: `customer-${n % CUSTOMERS}`,
      value: JSON.stringify({ amount: n }),
    })),
  )
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10)
}

async function readState(file: string): Promise<State> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return { nextOffset: 0, purchases: {} }
  }
}

/** Renaming is atomic: a crash leaves the old state or the new one, never half of it. */
async function writeState(file: string, state: State): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(state))
  await rename(`${file}.new`, file)
}
