import * as Effect from 'effect/Effect'
import { type ErrorCode, StreamBusError } from '../../domain/errors.js'
import type { TimerHandle } from '../../runtime/clock.js'
import type { Runtime } from '../../runtime/runtime.js'
import type {
  BrokerConnection,
  CallOptions,
  ConnectionFactory,
  ConnectionHealth,
  ConnectionPlace,
} from '../../transport/cluster/broker-connection.js'
import {
  type ApiName,
  completeRequest,
  completeResponse,
  type RequestInput,
  type ResponseBody,
  type ResponseInput,
} from '../../transport/protocol/registry.js'
import { formatAddress } from '../../transport/tcp/address.js'
import { unreachable } from '../../transport/tcp/unreachable.js'
import type { RequestMaker } from '../../transport/transport.js'
import type { Network } from './network.js'
import type { Party, StreamEnd } from './stream.js'
import type { TypedFrame } from './typed-frame.js'

const BACKOFF_MS = 50
const BACKOFF_MAX_MS = 1_000
const MAX_THROTTLE_MS = 60_000

export interface TypedSettings {
  readonly runtime: Runtime
  readonly network: Network<TypedFrame>
  readonly party: Party
  readonly clientId: string
  readonly hostOf: (address: string) => string
  /** What the broker at an address would offer. */
  readonly maxVersion: (address: string, api: ApiName) => number
}

interface Pending {
  readonly api: ApiName
  readonly input: RequestMaker<ApiName>
  readonly maxVersion: number | undefined
  readonly timer: TimerHandle
  /** Undefined once the caller has gone. */
  settle: ((result: Effect.Effect<unknown, StreamBusError>) => void) | undefined
  correlationId: number
}

/**
 * Requests without bytes over the simulated network. What a caller can rely on is what a TCP
 * connection gives (`transport/tcp`): one line a place, answers in order, a deadline that ends the
 * connection, back-off after a failure, pauses that the broker asks for.
 */
export const typedConnections =
  (settings: TypedSettings): ConnectionFactory =>
  (place) =>
    new TypedConnection(settings, place)

class TypedConnection implements BrokerConnection {
  readonly #settings: TypedSettings
  readonly #place: ConnectionPlace
  readonly #waiting = new Set<Pending>()
  readonly #unanswered = new Map<number, Pending>()
  #stream: StreamEnd<TypedFrame> | undefined
  #dialling: { readonly interruptUnsafe: () => void } | undefined
  #address = ''
  #nextCorrelationId = 0
  #failures = 0
  #failedAtMs = 0
  /** Not before this moment: a back-off, or a pause that the broker asked for. */
  #pausedUntilMs = 0
  #pauseTimer: TimerHandle | undefined
  #isClosed = false

  constructor(settings: TypedSettings, place: ConnectionPlace) {
    this.#settings = settings
    this.#place = place
  }

  readonly request = <N extends ApiName>(
    api: N,
    input: RequestMaker<N>,
    { timeoutMs, maxVersion }: CallOptions,
  ): Effect.Effect<ResponseBody<N>, StreamBusError> =>
    Effect.callback((resume) => {
      if (this.#isClosed) {
        resume(Effect.fail(this.#error('CONNECTION_CLOSED', 'closed by this client')))
        return undefined
      }
      const { clock } = this.#settings.runtime
      const pending: Pending = {
        api,
        input: input as RequestMaker<ApiName>,
        maxVersion,
        timer: clock.setTimeout(() => this.#expire(pending, timeoutMs), timeoutMs),
        settle: (result) => resume(result as Effect.Effect<ResponseBody<N>, StreamBusError>),
        correlationId: -1,
      }
      this.#waiting.add(pending)
      this.#goOn()
      return Effect.sync(() => this.#abandon(pending))
    })

  readonly health = (): ConnectionHealth => ({
    state: this.#stream !== undefined ? 'ready' : this.#failures > 0 ? 'failing' : 'unused',
    failedAtMs: this.#failedAtMs,
  })

  readonly addressChanged = (): void => {
    if (this.#stream === undefined) this.#pausedUntilMs = 0
  }

  readonly close = (): void => {
    this.#isClosed = true
    this.#lose(this.#error('CONNECTION_CLOSED', 'closed by this client'), 'close')
  }

  /** Dials, waits or sends, as the state of the line asks for. */
  #goOn(): void {
    if (this.#isClosed || this.#waiting.size === 0 || this.#dialling !== undefined) return
    const { clock } = this.#settings.runtime
    const pauseMs = this.#pausedUntilMs - clock.elapsed()
    if (pauseMs > 0) {
      this.#pauseTimer ??= clock.setTimeout(() => {
        this.#pauseTimer = undefined
        this.#goOn()
      }, pauseMs)
      return
    }
    if (this.#stream === undefined) {
      this.#dial()
      return
    }
    for (const pending of [...this.#waiting]) {
      if (this.#stream === undefined) return
      this.#waiting.delete(pending)
      this.#send(this.#stream, pending)
    }
  }

  #dial(): void {
    const { runtime, network, party, hostOf } = this.#settings
    const { connectTimeoutMs } = this.#place
    this.#address = formatAddress(this.#place.address())
    const address = this.#address
    const dialled = network.dial(party, address, hostOf(address)).pipe(
      Effect.timeoutOrElse({
        duration: connectTimeoutMs,
        orElse: () => Effect.fail(unreachable(address, `timed out after ${connectTimeoutMs} ms`)),
      }),
      Effect.match({
        onSuccess: (stream) => this.#connected(stream),
        onFailure: (error) => this.#notConnected(error),
      }),
    )
    const fiber = runtime.run(dialled)
    // A refusal may have come within the call.
    if (this.#stream === undefined && this.#pausedUntilMs <= runtime.clock.elapsed()) {
      this.#dialling = fiber
    }
  }

  #connected(stream: StreamEnd<TypedFrame>): void {
    this.#dialling = undefined
    this.#stream = stream
    this.#failures = 0
    stream.onItem((frame) => this.#take(frame))
    stream.onClose((error) => {
      if (this.#stream !== stream) return
      const why = error?.message ?? 'closed by the broker'
      this.#lose(this.#error('CONNECTION_CLOSED', why), 'gone')
    })
    this.#goOn()
  }

  #notConnected(error: StreamBusError): void {
    this.#dialling = undefined
    this.#backOff()
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const pending of waiting) this.#settle(pending, Effect.fail(error))
  }

  #backOff(): void {
    const { clock, random } = this.#settings.runtime
    this.#failedAtMs = clock.elapsed()
    const exponential = Math.min(BACKOFF_MS * 2 ** Math.min(this.#failures++, 16), BACKOFF_MAX_MS)
    this.#pausedUntilMs = clock.elapsed() + Math.round(exponential * (0.8 + 0.4 * random()))
  }

  #send(stream: StreamEnd<TypedFrame>, pending: Pending): void {
    const { api, input, maxVersion } = pending
    const offered = this.#settings.maxVersion(this.#address, api)
    const version = Math.min(offered, maxVersion ?? offered)
    const shaped =
      typeof input === 'function'
        ? (input as (version: number) => RequestInput<ApiName>)(version)
        : input
    const correlationId = this.#nextCorrelationId++
    pending.correlationId = correlationId
    const body = completeRequest(api, shaped)
    const { clientId } = this.#settings
    stream.send({ is: 'request', correlationId, api, version, clientId, body })
    if (api === 'Produce' && (body as { readonly acks: number }).acks === 0) {
      this.#settle(pending, Effect.succeed(completeResponse('Produce', { responses: [] })))
    } else this.#unanswered.set(correlationId, pending)
  }

  #take(frame: TypedFrame): void {
    if (frame.is !== 'response') return
    const pending = this.#unanswered.get(frame.correlationId)
    if (pending === undefined) return
    this.#unanswered.delete(frame.correlationId)
    const body = completeResponse(pending.api, frame.body as ResponseInput<ApiName>)
    const { throttleTimeMs = 0 } = body as { readonly throttleTimeMs?: number }
    if (throttleTimeMs > 0) {
      const until =
        this.#settings.runtime.clock.elapsed() + Math.min(throttleTimeMs, MAX_THROTTLE_MS)
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, until)
    }
    this.#settle(pending, Effect.succeed(body))
  }

  /** The broker answers in order: nothing behind an overdue request would be answered either. */
  #expire(pending: Pending, timeoutMs: number): void {
    const what = `${pending.api} was not answered in ${timeoutMs} ms`
    const error = this.#error('REQUEST_TIMED_OUT', what)
    if (this.#waiting.delete(pending)) this.#settle(pending, Effect.fail(error))
    else {
      this.#unanswered.delete(pending.correlationId)
      this.#settle(pending, Effect.fail(error))
      this.#lose(error, 'close')
    }
  }

  #abandon(pending: Pending): void {
    if (pending.settle === undefined) return
    pending.settle = undefined
    if (this.#waiting.delete(pending) || !this.#unanswered.has(pending.correlationId)) {
      this.#settings.runtime.clock.clearTimeout(pending.timer)
    } else if (this.#place.purpose === 'join') {
      this.#lose(this.#error('CONNECTION_CLOSED', `${pending.api} was given up`), 'close')
    }
  }

  #lose(error: StreamBusError, how: 'close' | 'gone'): void {
    const { clock } = this.#settings.runtime
    clock.clearTimeout(this.#pauseTimer)
    this.#pauseTimer = undefined
    this.#dialling?.interruptUnsafe()
    this.#dialling = undefined
    const stream = this.#stream
    this.#stream = undefined
    if (how === 'close') stream?.close()
    if (!this.#isClosed) this.#backOff()
    const rest = [...this.#unanswered.values(), ...this.#waiting]
    this.#unanswered.clear()
    this.#waiting.clear()
    for (const pending of rest) {
      const why = `the connection closed before ${pending.api} was answered: ${error.message}`
      this.#settle(pending, Effect.fail(this.#error('CONNECTION_CLOSED', why)))
    }
  }

  #settle(pending: Pending, result: Effect.Effect<unknown, StreamBusError>): void {
    const { settle } = pending
    pending.settle = undefined
    this.#settings.runtime.clock.clearTimeout(pending.timer)
    settle?.(result)
  }

  #error(code: ErrorCode, why: string): StreamBusError {
    const broker = this.#address || formatAddress(this.#place.address())
    return new StreamBusError(code, `broker ${broker}: ${why}`, { broker, retriable: true })
  }
}
