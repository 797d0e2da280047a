import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedBroker, startBroker } from '../../broker/index.js'
import { connect } from '../../connect.js'
import { realClock } from '../../runtime/clock.js'
import { type Change, Crew } from './crew.js'
import { Feed } from './feed.js'
import { tally } from './ledger.js'
import { type HandOver, type Output, View } from './view.js'

const TOPIC = 'events'
const PARTITIONS = 4
const GROUP = 'demo'
const SESSION_TIMEOUT_MS = 6_000
const HEARTBEAT_MS = 500
const STEP_LIMIT_MS = 20_000

/** Runs the demo; true only if nothing was lost and order held. */
export const runStory = async (output: Output, signal: AbortSignal): Promise<boolean> => {
  const folder = mkdtempSync(join(tmpdir(), 'streambus-demo-'))
  const story = new Story(folder, output)
  try {
    return await story.run(signal)
  } finally {
    await story.cleanUp()
    rmSync(folder, { recursive: true, force: true })
  }
}

class Story {
  readonly #folder: string
  readonly #ledgers: string
  readonly #view: View
  readonly #handOvers: HandOver[] = []
  #rebalances = 0
  #crew: Crew | undefined
  #broker: EmbeddedBroker | undefined

  constructor(folder: string, output: Output) {
    this.#folder = folder
    this.#ledgers = mkdtempSync(join(folder, 'ledgers-'))
    this.#view = new View(output, realClock)
  }

  async run(signal: AbortSignal): Promise<boolean> {
    const view = this.#view
    const broker = await this.#startBroker()
    const bus = await connect({ brokers: [broker.address!], clientId: 'demo-producer' })
    try {
      const producer = bus.producer()
      const feed = await Feed.open(producer, TOPIC)
      const files = feed.files.length.toLocaleString('en-US')
      view.step(
        'producing',
        `producing: path, size and SHA-256 of the ${files} files under node_modules, keyed by package`,
        { files: feed.files.length },
      )
      const feeding = feed.run()
      feeding.catch(() => undefined)
      const crew = this.#makeCrew(broker.address!)
      signal.addEventListener('abort', () => crew.giveUp(signal.reason), { once: true })
      await this.#act(crew, signal)
      feed.hurry()
      await feeding
      view.step('drained', `all ${feed.acknowledged.size.toLocaleString('en-US')} records sent`)
      await this.#readToEnd(crew, bus, signal)
      view.step('stopping', 'all consumers finish, commit and leave')
      await crew.stopAll()
      return this.#judge(feed.acknowledged)
    } finally {
      await bus.close()
    }
  }

  async cleanUp(): Promise<void> {
    this.#crew?.killAll()
    await this.#broker?.close()
  }

  async #startBroker(): Promise<EmbeddedBroker> {
    const broker = await startBroker({
      dataDir: join(this.#folder, 'data'),
      port: 0,
      topics: { [TOPIC]: { partitions: PARTITIONS } },
      onRebalance: ({ generation, members, cause }) => {
        this.#rebalances++
        const words = cause.map(({ what, clientId }) => `${what} (${clientId})`)
        if (members > 0) this.#view.why(generation, words.join(', '))
      },
    })
    this.#broker = broker
    this.#view.step(
      'broker',
      `broker listens on ${broker.address}; topic ${TOPIC} has ${PARTITIONS} partitions`,
      { address: broker.address, topic: TOPIC, partitions: PARTITIONS },
    )
    return broker
  }

  #makeCrew(broker: string): Crew {
    this.#crew = new Crew(
      {
        broker,
        topic: TOPIC,
        groupId: GROUP,
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        heartbeatIntervalMs: HEARTBEAT_MS,
      },
      (process) => join(this.#ledgers, process),
    )
    return this.#crew
  }

  async #act(crew: Crew, signal: AbortSignal): Promise<void> {
    await this.#join(crew, 'consumer-1', [4], signal)
    await this.#join(crew, 'consumer-2', [2, 2], signal)
    await this.#join(crew, 'consumer-3', [2, 1, 1], signal)
    // Let it work for a moment, so that the kill has something in hand to interrupt.
    const before = crew.processed()
    await crew.until('records flow', () => crew.processed() > before, STEP_LIMIT_MS)
    this.#view.step(
      'kill',
      `consumer-2 is killed (SIGKILL); session timeout ${SESSION_TIMEOUT_MS} ms`,
      {
        worker: 'consumer-2',
      },
    )
    const from = crew.changes.length
    const at = await crew.kill('consumer-2')
    await this.#settled(crew, [2, 2], 'kill', at, from, signal)
    await this.#join(crew, 'consumer-2', [2, 1, 1], signal)
  }

  async #join(
    crew: Crew,
    id: string,
    shares: readonly number[],
    signal: AbortSignal,
  ): Promise<void> {
    const isBack = crew.changes.some(({ worker }) => worker === id)
    this.#view.step('start', `${id} ${isBack ? 'starts again' : 'starts'}`, { worker: id })
    const from = crew.changes.length
    const at = realClock.now()
    crew.start(id)
    await this.#settled(crew, shares, `${id} ${isBack ? 'restarts' : 'joins'}`, at, from, signal)
  }

  /** Waits until the partitions are shared as said, shows who owns what, and notes the times. */
  async #settled(
    crew: Crew,
    shares: readonly number[],
    after: string,
    at: number,
    from: number,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted()
    const isShared = (): boolean => {
      const counts = [...crew.owners().values()].map((partitions) => partitions.length)
      return String(counts.sort((a, b) => b - a)) === String(shares)
    }
    await crew.until(
      `partitions shared ${shares.join(' + ')} after ${after}`,
      isShared,
      STEP_LIMIT_MS,
    )
    const changes = crew.changes.slice(from)
    const done = Math.max(...changes.map((change) => change.at))
    this.#handOvers.push({
      after,
      ms: done - at,
      unownedMs: longestGap(changes, at, after === 'kill'),
    })
    this.#view.owners(crew.owners())
    signal.throwIfAborted()
  }

  /** Until the group has committed everything. */
  async #readToEnd(
    crew: Crew,
    bus: Awaited<ReturnType<typeof connect>>,
    signal: AbortSignal,
  ): Promise<void> {
    const admin = bus.admin()
    const deadline = realClock.elapsed() + STEP_LIMIT_MS
    for (;;) {
      signal.throwIfAborted()
      const offsets = await admin.groupOffsets(GROUP)
      const left = offsets.reduce((sum, { lag }) => sum + (lag ?? Number.POSITIVE_INFINITY), 0)
      if (left === 0 && offsets.length === PARTITIONS) return
      if (realClock.elapsed() > deadline) throw new Error(`${left} records were not read in time`)
      const seen = crew.processed()
      await crew.until('progress', () => crew.processed() !== seen, 1_000).catch(() => undefined)
    }
  }

  #judge(acknowledged: ReadonlySet<string>): boolean {
    const result = tally(this.#ledgers, acknowledged)
    this.#view.summary(
      { produced: acknowledged.size, ...result, rebalances: this.#rebalances },
      this.#handOvers,
    )
    return result.lost === 0 && result.outOfOrder === 0
  }
}

/** The longest time from the loss of a partition to its next owner. */
const longestGap = (changes: readonly Change[], killedAt: number, isKill: boolean): number => {
  const freeSince = new Map<string, number>()
  let longest = 0
  for (const { event, partitions, at } of [...changes].sort((a, b) => a.at - b.at)) {
    for (const partition of partitions) {
      if (event !== 'assigned') freeSince.set(partition, at)
      else {
        const since = freeSince.get(partition) ?? (isKill ? killedAt : at)
        longest = Math.max(longest, at - since)
      }
    }
  }
  return longest
}
