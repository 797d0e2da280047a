import * as Effect from 'effect/Effect'
import type * as Fiber from 'effect/Fiber'
import * as Result from 'effect/Result'
import { defectError, type StreamBusError } from '../domain/errors.js'
import type { TimerHandle } from '../runtime/clock.js'
import type { Tasks } from '../runtime/tasks.js'
import type { ResponseBody } from '../transport/protocol/registry.js'
import { type FetchUnderWay, leaderOf, type NodeFetch, planFetches } from './fetch-plan.js'
import { fetchRequest } from './fetch-request.js'
import { FetchResponseReader, type ReaderParts } from './fetch-response.js'
import type { PartitionSlot } from './partition-slot.js'

const RETRY_MS = 100
const RETRY_MAX_MS = 2_000
/** Of fetches that end at once, before the event loop has its turn. */
const MOST_ROUNDS = 16

export interface FetcherParts extends ReaderParts {
  /** Names this consumer's own connections. */
  readonly owner: string
  readonly slots: ReadonlyMap<string, PartitionSlot>
  readonly tasks: Tasks
  /** Records came, or a partition got an error to report. */
  readonly onData: () => void
}

/**
 * Keeps a fetch under way at each leader that has records to give, ahead of the application,
 * within the byte limit. Partitions that are paused, full or backing off are left out, and hold
 * nobody back: what wants records while a fetch is held open goes by a second one.
 */
export class Fetcher {
  readonly #parts: FetcherParts
  readonly #reader: FetchResponseReader
  readonly #inFlight = new Map<number, UnderWay[]>()
  #retryTimer: TimerHandle | undefined
  #refreshing = false
  #failures = 0
  /** For leaders, one after the other without having them all. */
  #searches = 0
  #rotation = 0
  #closed = false
  #isPumping = false
  #pumpAgain = false
  fetches = 0

  constructor(parts: FetcherParts) {
    this.#parts = parts
    this.#reader = new FetchResponseReader(parts)
  }

  /** Looks for work: call it whenever a slot, the view or a buffer changed. */
  pump(): void {
    if (this.#closed) return
    this.#pumpAgain = true
    if (this.#isPumping) return
    this.#isPumping = true
    // A fetch that ends at once (in process) pumps from within and is looked at in another round.
    for (let round = 0; this.#pumpAgain && round < MOST_ROUNDS; round++) {
      this.#pumpAgain = false
      this.#startFetches()
    }
    this.#isPumping = false
    if (this.#pumpAgain) this.#armRetry(0)
  }

  close(): void {
    this.#closed = true
    this.#parts.runtime.clock.clearTimeout(this.#retryTimer)
    for (const lanes of this.#inFlight.values()) {
      for (const { fiber } of lanes) fiber?.interruptUnsafe()
    }
    this.#inFlight.clear()
    for (const lane of [0, 1]) this.#parts.transport.release(this.#laneOwner(lane))
  }

  #startFetches(): void {
    const { runtime, transport, config, slots } = this.#parts
    const now = runtime.clock.elapsed()
    const plan = planFetches({
      slots: slots.values(),
      view: transport.view(),
      inFlight: this.#inFlight,
      now,
      config,
    })
    if (plan.needsMetadata) this.#refreshMetadata()
    this.#armRetry(plan.retryAt - now)
    for (const fetch of plan.fetches) this.#start(fetch)
    if (plan.fetches.length === 0) this.#makeRoom()
  }

  /** A full buffer of paused partitions must not starve the others: it is fetched again later. */
  #makeRoom(): void {
    let buffered = 0
    for (const lanes of this.#inFlight.values()) {
      for (const { maxBytes } of lanes) buffered += maxBytes
    }
    for (const slot of this.#parts.slots.values()) buffered += slot.buffer.bytes
    if (buffered < this.#parts.config.maxBufferedBytes) return
    for (const slot of this.#parts.slots.values()) {
      if (!slot.isPaused || slot.buffer.isEmpty) continue
      slot.dropBuffer()
      this.#pumpAgain = true
    }
  }

  #start(fetch: NodeFetch): void {
    const { runtime, transport, config, onFatal } = this.#parts
    this.fetches++
    const slots = rotate(fetch.slots, this.#rotation++)
    const incarnations = slots.map(({ incarnation }) => incarnation)
    const { input, maxVersion } = fetchRequest({ ...fetch, slots }, transport.view(), config)
    const request = transport.request({ type: 'node', nodeId: fetch.nodeId }, 'Fetch', input, {
      purpose: 'fetch',
      owner: this.#laneOwner(fetch.lane),
      timeoutMs: fetch.maxWaitMs + config.requestTimeoutMs,
      ...(maxVersion === undefined ? {} : { maxVersion }),
    })
    const { lane, maxBytes, nodeId } = fetch
    const endsAt = runtime.clock.elapsed() + fetch.maxWaitMs
    const underWay: UnderWay = { lane, maxBytes, endsAt, fiber: undefined }
    this.#inFlight.set(nodeId, [...(this.#inFlight.get(nodeId) ?? []), underWay])
    for (const slot of slots) slot.fetchedIncarnation = slot.incarnation
    underWay.fiber = runtime.run(
      Effect.map(Effect.result(request), (result) => {
        this.#end(nodeId, underWay)
        slots.forEach((slot, index) => {
          if (slot.fetchedIncarnation === incarnations[index]) slot.fetchedIncarnation = -1
        })
        if (this.#closed) return
        if (Result.isSuccess(result)) this.#received(result.success, slots, incarnations)
        else this.#failed(result.failure, slots)
        this.pump()
      }).pipe(Effect.catchDefect((defect) => Effect.sync(() => onFatal(defectError(defect))))),
    )
  }

  /** Each lane of each consumer has a connection: a fetch held open delays what comes behind it. */
  #laneOwner(lane: number): string {
    return lane === 0 ? this.#parts.owner : `${this.#parts.owner}/second`
  }

  #end(nodeId: number, ended: UnderWay): void {
    const left = (this.#inFlight.get(nodeId) ?? []).filter((one) => one !== ended)
    if (left.length === 0) this.#inFlight.delete(nodeId)
    else this.#inFlight.set(nodeId, left)
  }

  #received(
    response: ResponseBody<'Fetch'>,
    slots: readonly PartitionSlot[],
    incarnations: readonly number[],
  ): void {
    const verdict = this.#reader.read(response, slots, incarnations)
    if (verdict.needsMetadata) {
      this.#parts.transport.invalidate()
      this.#refreshMetadata()
    } else this.#failures = 0
    if (verdict.hasData) this.#parts.onData()
  }

  #failed(error: StreamBusError, slots: readonly PartitionSlot[]): void {
    if (!error.retriable) {
      this.#parts.onFatal(error)
      return
    }
    if (this.#failures === 0) this.#parts.onError(error)
    const retryAt = this.#parts.runtime.clock.elapsed() + backoffMs(this.#failures++)
    for (const slot of slots) slot.retryAt = retryAt
    this.#parts.transport.invalidate()
    this.#refreshMetadata()
  }

  #refreshMetadata(): void {
    if (this.#refreshing || this.#closed) return
    this.#refreshing = true
    const { tasks, transport, slots, config } = this.#parts
    const topics = [...new Set([...slots.values()].map(({ topic }) => topic))]
    tasks.run(
      Effect.gen({ self: this }, function* () {
        const result = yield* Effect.result(
          transport.metadata(topics, { timeoutMs: config.requestTimeoutMs }),
        )
        if (Result.isFailure(result) || this.#isLeaderMissing()) {
          yield* Effect.sleep(backoffMs(this.#searches++))
          transport.invalidate()
        } else this.#searches = 0
        this.#refreshing = false
        this.pump()
      }),
    )
  }

  /** Also of a partition that its topic has no more: the group's leader will see it, too. */
  #isLeaderMissing(): boolean {
    const { transport, slots } = this.#parts
    const { topics } = transport.view()
    return [...slots.values()].some((slot) => leaderOf(topics, slot) < 0)
  }

  #armRetry(delayMs: number): void {
    const { clock } = this.#parts.runtime
    clock.clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    if (!Number.isFinite(delayMs)) return
    this.#retryTimer = clock.setTimeout(
      () => {
        this.#retryTimer = undefined
        this.pump()
      },
      Math.max(1, delayMs),
    )
  }
}

const backoffMs = (failures: number): number =>
  Math.min(RETRY_MS * 2 ** Math.min(failures, 10), RETRY_MAX_MS)

interface UnderWay extends FetchUnderWay {
  fiber: Fiber.Fiber<void> | undefined
}

/** A response is filled in the request's order up to its size: each partition gets to be first. */
const rotate = <T>(items: readonly T[], by: number): readonly T[] => {
  const start = by % items.length
  return start === 0 ? items : [...items.slice(start), ...items.slice(0, start)]
}
