import * as Cause from 'effect/Cause'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import * as Semaphore from 'effect/Semaphore'
import { type ErrorCode, StreamBusError } from '../domain/errors.js'
import type { Runtime } from '../runtime/runtime.js'
import type {
  BrokerConnection,
  CallOptions,
  ConnectionFactory,
  ConnectionHealth,
} from './cluster/broker-connection.js'
import {
  type ApiName,
  completeRequest,
  completeResponse,
  type RequestInput,
  type ResponseBody,
  type ResponseInput,
  validVersions,
} from './protocol/registry.js'
import type { InProcessBroker, RequestContext } from './request-handler.js'
import type { RequestMaker } from './transport.js'

const MAX_THROTTLE_MS = 60_000
/** How long requests may follow each other without a turn of the event loop. */
const LONGEST_BURST_MS = 50

export interface InProcessSettings {
  readonly runtime: Runtime
  readonly broker: InProcessBroker
  readonly clientId: string
}

/**
 * Connections into a broker in this process: typed requests, no bytes. What a client can rely on
 * is the same as over TCP: one request at a time on a connection, in order, with a deadline.
 * Interrupting a request interrupts its handler, as closing the connection would.
 */
export const inProcessConnections =
  (settings: InProcessSettings): ConnectionFactory =>
  () =>
    new InProcessConnection(settings)

class InProcessConnection implements BrokerConnection {
  readonly #settings: InProcessSettings
  readonly #turn = Semaphore.makeUnsafe(1)
  readonly #open = new Set<() => void>()
  #throttledUntilMs = 0
  #burst: Burst | undefined
  #closed = false

  constructor(settings: InProcessSettings) {
    this.#settings = settings
  }

  readonly request = <N extends ApiName>(
    api: N,
    input: RequestMaker<N>,
    { timeoutMs, maxVersion }: CallOptions,
  ): Effect.Effect<ResponseBody<N>, StreamBusError> =>
    Effect.callback((resume) => {
      if (this.#closed) {
        resume(Effect.fail(closed(api)))
        return undefined
      }
      const { clock, run } = this.#settings.runtime
      // A fiber of its own: whoever asked goes on at once when interrupted or out of time, and
      // the handler keeps its turn until it has really let go.
      const fiber = run(this.#turn.withPermits(1)(this.#handle(api, input, maxVersion)))
      const end = (result: Effect.Effect<ResponseBody<N>, StreamBusError>): void => {
        this.#open.delete(close)
        clock.clearTimeout(timer)
        resume(result)
        fiber.interruptUnsafe()
      }
      const close = (): void => end(Effect.fail(closed(api)))
      const timer = clock.setTimeout(() => end(Effect.fail(timedOut(api, timeoutMs))), timeoutMs)
      this.#open.add(close)
      fiber.addObserver((exit) => {
        const letGo = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
        end(letGo ? Effect.fail(closed(api)) : exit)
      })
      return Effect.sync(() => end(Effect.interrupt))
    })

  readonly health = (): ConnectionHealth => ({ state: 'ready', failedAtMs: 0 })

  readonly addressChanged = (): void => {}

  readonly close = (): void => {
    this.#closed = true
    for (const close of [...this.#open]) close()
  }

  #handle<N extends ApiName>(
    api: N,
    input: RequestMaker<N>,
    maxVersion: number | undefined,
  ): Effect.Effect<ResponseBody<N>, StreamBusError> {
    const { runtime, broker, clientId } = this.#settings
    const { clock } = runtime
    const handled = Effect.suspend(() => {
      const { min, max } = validVersions(api)
      const apiVersion = Math.min(max, maxVersion ?? max)
      if (apiVersion < min) return Effect.fail(unsupported(api, apiVersion, min))
      const shaped =
        typeof input === 'function'
          ? (input as (version: number) => RequestInput<N>)(apiVersion)
          : input
      const context: RequestContext = { apiVersion, clientId, clientHost: 'in-process' }
      return Effect.map(broker.handle(api, completeRequest(api, shaped), context), (answer) => {
        const body = completeResponse(api, answer ?? noAnswer<N>())
        const { throttleTimeMs = 0 } = body as { readonly throttleTimeMs?: number }
        if (throttleTimeMs > 0) {
          this.#throttledUntilMs = clock.elapsed() + Math.min(throttleTimeMs, MAX_THROTTLE_MS)
        }
        return body
      })
    })
    return Effect.suspend(() => {
      const pauseMs = this.#throttledUntilMs - clock.elapsed()
      if (pauseMs > 0) return Effect.delay(handled, pauseMs)
      const burst = this.#presentBurst()
      const isLong = clock.elapsed() - burst.sinceMs >= LONGEST_BURST_MS
      return isLong ? Effect.andThen(endOf(burst), handled) : handled
    })
  }

  #presentBurst(): Burst {
    if (this.#burst !== undefined) return this.#burst
    const { clock } = this.#settings.runtime
    const burst: Burst = { sinceMs: clock.elapsed(), waiting: new Set() }
    this.#burst = burst
    clock.setTimeout(() => {
      this.#burst = undefined
      for (const goOn of [...burst.waiting]) goOn()
    }, 0)
    return burst
  }
}

/**
 * Requests within one turn of the event loop. Over a socket each answer comes in a turn of its own;
 * here a backlog could be fetched, handled and fetched on without one, and timers, heartbeats among
 * them, would starve.
 */
interface Burst {
  readonly sinceMs: number
  readonly waiting: Set<() => void>
}

const endOf = (burst: Burst): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const goOn = (): void => resume(Effect.void)
    burst.waiting.add(goOn)
    return Effect.sync(() => burst.waiting.delete(goOn))
  })

/** What stands in for the answer that Produce with acks 0 does not get. */
const noAnswer = <N extends ApiName>(): ResponseInput<N> =>
  ({ responses: [] }) as unknown as ResponseInput<N>

const error = (code: ErrorCode, message: string, retriable: boolean): StreamBusError =>
  new StreamBusError(code, message, { broker: 'in-process', retriable })

const closed = (api: ApiName): StreamBusError =>
  error('CONNECTION_CLOSED', `the in-process connection closed before ${api} was answered`, true)

const timedOut = (api: ApiName, timeoutMs: number): StreamBusError =>
  error('REQUEST_TIMED_OUT', `the in-process broker did not answer ${api} in ${timeoutMs} ms`, true)

const unsupported = (api: ApiName, wanted: number, min: number): StreamBusError =>
  error('UNSUPPORTED_VERSION', `${api} v${wanted} is too old: ${min} is the oldest known`, false)
