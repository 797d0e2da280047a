import * as Effect from 'effect/Effect'
import type { Actor } from 'xstate'
import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import type { ErrorInfo } from '../../domain/membership.js'
import type { ConnectionMachine } from '../../machines/connection/connection-machine.js'
import type {
  ConnectionFailure,
  DialOutcome,
  NegotiateOutcome,
} from '../../machines/connection/events.js'
import type { Inspect, Runtime } from '../../runtime/runtime.js'
import type {
  BrokerConnection,
  CallOptions,
  ConnectionFactory,
  ConnectionHealth,
  ConnectionPlace,
  TransportLogger,
} from '../cluster/broker-connection.js'
import type { ApiName, RequestInput, ResponseBody } from '../protocol/registry.js'
import type { RequestMaker } from '../transport.js'
import { formatAddress } from './address.js'
import { Connection } from './connection.js'
import { type ConnectionHost, connectionChart } from './connection-chart.js'
import type { Dialer } from './dialer.js'
import { chooseVersion, negotiate, type VersionTable } from './negotiation.js'
import { unreachable } from './unreachable.js'

const BACKOFF_MS = 50
const BACKOFF_MAX_MS = 1_000

export interface TcpSettings {
  readonly runtime: Runtime
  readonly dialer: Dialer
  readonly clientId: string
  readonly logger: TransportLogger
  readonly inspect?: Inspect | undefined
}

export const tcpConnections =
  (settings: TcpSettings): ConnectionFactory =>
  (place) =>
    new TcpConnection(settings, place)

interface Waiter {
  readonly resume: (result: Effect.Effect<void, StreamBusError>) => void
}

/**
 * The host of a connection machine: it dials, negotiates and keeps the byte stream. Requests wait
 * here until the machine is ready and then go to the stream without it.
 */
class TcpConnection implements BrokerConnection {
  readonly #settings: TcpSettings
  readonly #place: ConnectionPlace
  readonly #actor: Actor<ConnectionMachine>
  readonly #waiters = new Set<Waiter>()
  #stream: Connection | undefined
  #versions: VersionTable = new Map()
  /**
   * What the machine has announced. Its own snapshot is a step behind while it acts, and whoever
   * is told in that step may come back with the next request at once.
   */
  #announced: 'nothing' | 'ready' = 'nothing'
  #closed = false
  #wasReady = false
  #dialled = ''
  /** What is to be told to others once the machine's step is over: they may come back at once. */
  readonly #afterStep: (() => void)[] = []
  /** The machine's context holds the error as plain data; callers get this one. */
  #error: StreamBusError | undefined
  #failedAtMs = 0

  constructor(settings: TcpSettings, place: ConnectionPlace) {
    this.#settings = settings
    this.#place = place
    const { runtime } = settings
    const host: ConnectionHost = {
      runtime,
      dial: () => this.#dial(),
      negotiate: () => this.#negotiate(),
      dropStream: () => this.#dropStream(),
      announceReady: () => this.#announceReady(),
      announceFailure: (error) => this.#announceFailure(error),
      announceClosed: () => this.#answerWaiters(Effect.fail(this.#closedError())),
    }
    this.#actor = connectionChart.actor(host, {
      id: `connection/${place.name}/${place.purpose}/${place.owner ?? ''}`,
      input: { backoffMs: BACKOFF_MS, backoffMaxMs: BACKOFF_MAX_MS },
      inspect: settings.inspect,
    })
    this.#actor.subscribe(() => this.#endStep())
    this.#actor.start()
  }

  readonly request = <N extends ApiName>(
    api: N,
    input: RequestMaker<N>,
    { timeoutMs, maxVersion }: CallOptions,
  ): Effect.Effect<ResponseBody<N>, StreamBusError> =>
    Effect.suspend(() => {
      const dueMs = this.#settings.runtime.clock.elapsed() + timeoutMs
      const send = this.#send(api, input, dueMs, maxVersion)
      return this.#isReady() ? send : Effect.flatMap(this.#ready(api, timeoutMs), () => send)
    })

  readonly health = (): ConnectionHealth => ({
    state: this.#isReady()
      ? 'ready'
      : this.#actor.getSnapshot().context.failures > 0
        ? 'failing'
        : 'unused',
    failedAtMs: this.#failedAtMs,
  })

  readonly addressChanged = (): void => {
    if (!this.#closed) this.#actor.send({ type: 'address.changed' })
  }

  readonly close = (): void => {
    if (this.#closed) return
    this.#closed = true
    this.#actor.send({ type: 'close' })
  }

  #isReady(): boolean {
    return this.#announced === 'ready'
  }

  #send<N extends ApiName>(
    api: N,
    input: RequestMaker<N>,
    dueMs: number,
    maxVersion: number | undefined,
  ): Effect.Effect<ResponseBody<N>, StreamBusError> {
    return Effect.suspend(() => {
      const stream = this.#stream
      if (stream === undefined) return Effect.fail(this.#error ?? this.#closedError())
      let version: number
      try {
        version = chooseVersion(this.#versions, api, stream.remote, maxVersion)
      } catch (error) {
        return isStreamBusError(error) ? Effect.fail(error) : Effect.die(error)
      }
      const shaped =
        typeof input === 'function'
          ? (input as (version: number) => RequestInput<N>)(version)
          : input
      return stream.request(api, shaped, { version, dueMs })
    })
  }

  /** Succeeds once connected; fails with the failure of the attempt that it waited for. */
  #ready(api: ApiName, timeoutMs: number): Effect.Effect<void, StreamBusError> {
    return Effect.callback((resume) => {
      if (this.#closed) {
        resume(Effect.fail(this.#closedError()))
        return undefined
      }
      const { clock } = this.#settings.runtime
      const timer = clock.setTimeout(() => {
        this.#waiters.delete(waiter)
        resume(Effect.fail(this.#notConnectedInTime(api, timeoutMs)))
      }, timeoutMs)
      const waiter: Waiter = {
        resume: (result) => {
          clock.clearTimeout(timer)
          resume(result)
        },
      }
      this.#waiters.add(waiter)
      this.#actor.send({ type: 'connection.wanted' })
      return Effect.sync(() => {
        this.#waiters.delete(waiter)
        clock.clearTimeout(timer)
      })
    })
  }

  #dial(): Effect.Effect<DialOutcome> {
    return Effect.suspend(() => {
      const { dialer, clientId, runtime } = this.#settings
      const { connectTimeoutMs, purpose } = this.#place
      const address = this.#place.address()
      this.#dialled = formatAddress(address)
      const dialed = Effect.map(dialer.dial(address.host, address.port), (duplex): DialOutcome => {
        const stream: Connection = new Connection(duplex, {
          clock: runtime.clock,
          clientId,
          closeWhenAbandoned: purpose === 'join',
          isKnownBroker: this.#wasReady,
          onLost: (error) => this.#lost(stream, error),
        })
        this.#stream = stream
        return { tag: 'dialed' }
      })
      return dialed.pipe(
        Effect.timeoutOrElse({
          duration: connectTimeoutMs,
          orElse: () =>
            Effect.fail(unreachable(this.#dialled, `timed out after ${connectTimeoutMs} ms`)),
        }),
        Effect.catch((error) =>
          Effect.succeed({ tag: 'unreachable', ...this.#failure(error) } as const),
        ),
      )
    })
  }

  #negotiate(): Effect.Effect<NegotiateOutcome> {
    return Effect.suspend(() => {
      const stream = this.#stream
      const dueMs = this.#settings.runtime.clock.elapsed() + this.#place.connectTimeoutMs
      const asked =
        stream === undefined ? Effect.fail(this.#closedError()) : negotiate(stream, dueMs)
      return asked.pipe(
        Effect.map((versions): NegotiateOutcome => {
          this.#versions = versions
          return { tag: 'negotiated' }
        }),
        Effect.catch((error) =>
          Effect.succeed({ tag: 'refused', ...this.#failure(error) } as const),
        ),
      )
    })
  }

  #lost(stream: Connection, error: StreamBusError): void {
    if (stream !== this.#stream || this.#closed) return
    this.#actor.send({ type: 'connection.lost', ...this.#failure(error) })
  }

  #failure(error: StreamBusError): ConnectionFailure {
    this.#error = error
    const { code, message } = error
    return { error: { code, message }, jitter: this.#settings.runtime.random() }
  }

  #dropStream(): void {
    const stream = this.#stream
    this.#stream = undefined
    this.#announced = 'nothing'
    if (stream !== undefined) this.#afterStep.push(() => stream.close())
  }

  #announceReady(): void {
    this.#settings.logger.debug({ broker: this.#dialled, ...this.#labels() }, 'connected')
    if (this.#stream?.isClosed) {
      const error = this.#error ?? this.#closedError()
      this.#actor.send({ type: 'connection.lost', ...this.#failure(error) })
      return
    }
    this.#announced = 'ready'
    this.#wasReady = true
    this.#answerWaiters(Effect.void)
  }

  #announceFailure(info: ErrorInfo | null): void {
    const { clock } = this.#settings.runtime
    this.#failedAtMs = clock.elapsed()
    const fields = { broker: this.#dialled, ...this.#labels(), code: info?.code }
    this.#settings.logger.warn(fields, info?.message ?? 'connection failed')
    const error = this.#error ?? new StreamBusError('INTERNAL_ERROR', info?.message ?? 'defect')
    this.#answerWaiters(Effect.fail(error))
  }

  #answerWaiters(result: Effect.Effect<void, StreamBusError>): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    this.#afterStep.push(() => {
      for (const { resume } of waiters) resume(result)
    })
  }

  #endStep(): void {
    for (const tell of this.#afterStep.splice(0)) tell()
  }

  #labels(): object {
    const { name, purpose, owner } = this.#place
    return owner === undefined ? { place: name, purpose } : { place: name, purpose, owner }
  }

  #closedError(): StreamBusError {
    const broker = this.#dialled || formatAddress(this.#place.address())
    return new StreamBusError('CONNECTION_CLOSED', `broker ${broker}: closed by this client`, {
      broker,
      retriable: true,
    })
  }

  #notConnectedInTime(api: ApiName, timeoutMs: number): StreamBusError {
    const broker = this.#dialled || formatAddress(this.#place.address())
    const why = this.#error === undefined ? 'still connecting' : this.#error.message
    return new StreamBusError(
      'REQUEST_TIMED_OUT',
      `broker ${broker}: ${api} was not sent within ${timeoutMs} ms: ${why}`,
      { broker, retriable: true, cause: this.#error },
    )
  }
}
