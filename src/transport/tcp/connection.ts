import * as Effect from 'effect/Effect'
import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { Duplex } from '../duplex.js'
import {
  type ApiName,
  completeResponse,
  decodeResponse,
  encodeRequestParts,
  type RequestInput,
  type ResponseBody,
} from '../protocol/registry.js'
import { FrameReader } from './frame-reader.js'
import { explainBadSize, explainLoss } from './loss-words.js'
import { Deadline, type PendingRequest } from './request-line.js'

const MAX_FRAME_BYTES = 100 * 1024 * 1024
const MAX_THROTTLE_MS = 60_000
const MAX_CORRELATION_ID = 0x7fff_ffff
const CORRELATION_ID_BYTES = 4

export interface ConnectionSettings {
  readonly clock: Clock
  readonly clientId: string
  /**
   * An abandoned request goes on at the broker and holds up the next one on its connection. Where
   * requests are parked for long (JoinGroup) the connection is closed instead.
   */
  readonly closeWhenAbandoned: boolean
  /** This place was a working broker before. Default false: it has to prove it by an answer. */
  readonly isKnownBroker?: boolean
  /** Once, with the reason; not after our own `close`. */
  readonly onLost: (error: StreamBusError) => void
}

/** How one request is made on one connection. */
export interface Sending {
  readonly version: number
  /** On the runtime's clock (`elapsed`). */
  readonly dueMs: number
}

/**
 * Requests and responses over one byte stream: frames, pipelining, deadlines. A broker answers in
 * order, so the next frame must carry the correlation id of the oldest unanswered request;
 * anything else means that the stream cannot be trusted, and it is closed. An abandoned request
 * keeps its place in line until its late answer has passed by.
 */
export class Connection {
  readonly #duplex: Duplex
  readonly #settings: ConnectionSettings
  /** Not sent yet: the stream is full, or the broker asked for a pause (KIP-219). */
  readonly #waiting = new Set<PendingRequest>()
  /** Sent, in order. */
  readonly #unanswered = new Map<number, PendingRequest>()
  readonly #reader: FrameReader
  #nextCorrelationId = 0
  #full = false
  #throttledUntilMs = 0
  #throttleTimer: TimerHandle | undefined
  #answers = 0
  #closed = false

  constructor(duplex: Duplex, settings: ConnectionSettings) {
    this.#duplex = duplex
    this.#settings = settings
    this.#reader = new FrameReader(MAX_FRAME_BYTES, {
      onFrame: (frame) => {
        this.#take(frame)
        return !this.#closed
      },
      onBadSize: (size, bytes) => this.#distrust(explainBadSize(size, bytes)),
    })
    duplex.onClose((error) => {
      const why = explainLoss(error, this.#answers === 0 && this.#unanswered.size > 0)
      this.#lose(this.#error('CONNECTION_CLOSED', why))
    })
    duplex.onDrain(() => {
      this.#full = false
      this.#sendWaiting()
    })
    duplex.onData((chunk) => {
      if (!this.#closed) this.#reader.push(chunk)
    })
  }

  get remote(): string {
    return this.#duplex.remote
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Interrupting it abandons the request; nobody else on the connection notices. */
  request<N extends ApiName>(
    api: N,
    input: RequestInput<N>,
    sending: Sending,
  ): Effect.Effect<ResponseBody<N>, StreamBusError> {
    return Effect.callback((resume) => {
      if (this.#closed) {
        resume(Effect.fail(this.#closedBefore(api)))
        return undefined
      }
      const { version, dueMs } = sending
      const { clock, clientId } = this.#settings
      const pending: PendingRequest = {
        api,
        version,
        correlationId: -1,
        encode: (correlationId) =>
          encodeRequestParts(api, version, { correlationId, clientId }, input),
        decode: (frame) => decodeResponse(api, version, frame).body,
        answerWhenSent: expectsNoAnswer(api, input)
          ? () => completeResponse('Produce', { responses: [] })
          : undefined,
        settle: (result) => resume(result as Effect.Effect<ResponseBody<N>, StreamBusError>),
        deadline: new Deadline(clock, dueMs, () => this.#expire(pending)),
      }
      this.#waiting.add(pending)
      this.#sendWaiting()
      return Effect.sync(() => this.#abandon(pending))
    })
  }

  /** Everything unanswered fails with CONNECTION_CLOSED. */
  close(): void {
    this.#end(this.#error('CONNECTION_CLOSED', 'closed by this client', false))
  }

  #sendWaiting(): void {
    for (const pending of this.#waiting) {
      if (this.#closed || this.#full || this.#isThrottled()) return
      this.#waiting.delete(pending)
      this.#send(pending)
    }
  }

  #send(pending: PendingRequest): void {
    const correlationId = this.#nextCorrelationId
    let parts: readonly Buffer[]
    try {
      parts = pending.encode(correlationId)
    } catch (error) {
      settle(pending, isStreamBusError(error) ? Effect.fail(error) : Effect.die(error))
      return
    }
    this.#nextCorrelationId = correlationId === MAX_CORRELATION_ID ? 0 : correlationId + 1
    pending.correlationId = correlationId
    if (pending.answerWhenSent === undefined) this.#unanswered.set(correlationId, pending)
    // The stream may answer, fill up or end within the write.
    for (const part of parts) if (!this.#duplex.write(part)) this.#full = true
    if (pending.answerWhenSent !== undefined) {
      settle(pending, Effect.succeed(pending.answerWhenSent()))
    }
  }

  #take(frame: Buffer): void {
    const expected = this.#oldest()
    if (frame.length < CORRELATION_ID_BYTES) {
      this.#distrust(`a response of ${frame.length} bytes has no correlation id`)
      return
    }
    const correlationId = frame.readInt32BE(0)
    if (expected?.correlationId !== correlationId) {
      const wanted = expected === undefined ? 'none' : expected.correlationId
      this.#distrust(`correlation id ${correlationId} came where ${wanted} was due`)
      return
    }
    let body: unknown
    try {
      body = expected.decode(frame)
    } catch (error) {
      if (isStreamBusError(error)) this.#distrust(error.message, error)
      else this.#lose(this.#error('CONNECTION_CLOSED', 'defect in decoding', true, error))
      return
    }
    this.#answers++
    this.#unanswered.delete(correlationId)
    this.#noteThrottle(body)
    settle(expected, Effect.succeed(body))
  }

  /**
   * The stream makes no sense any more: the request that was due is told why, then all end. A peer
   * that has answered sensibly is a broker, and bytes damaged on their way may come whole when
   * asked for again; one that never did is something else, and asking again is no use.
   */
  #distrust(why: string, cause?: unknown): void {
    const oldest = this.#oldest()
    const isBroker = this.#answers > 0 || this.#settings.isKnownBroker === true
    const error = this.#error('MALFORMED_MESSAGE', why, isBroker, cause)
    if (oldest !== undefined) {
      this.#unanswered.delete(oldest.correlationId)
      this.#lose(error, () => settle(oldest, Effect.fail(error)))
    } else this.#lose(error)
  }

  #expire(pending: PendingRequest): void {
    const { api } = pending
    if (this.#waiting.delete(pending)) {
      const why = this.#full ? 'the broker does not read' : 'the broker throttles this client'
      settle(pending, Effect.fail(this.#timedOut(api, `was not sent, since ${why}`)))
      return
    }
    // The broker answers in order, so nothing behind this request would be answered either.
    const error = this.#timedOut(api, 'was not answered in time')
    this.#unanswered.delete(pending.correlationId)
    this.#lose(error, () => settle(pending, Effect.fail(error)))
  }

  #abandon(pending: PendingRequest): void {
    if (pending.settle === undefined) return
    pending.settle = undefined
    if (this.#waiting.delete(pending) || !this.#unanswered.has(pending.correlationId)) {
      pending.deadline.clear()
    } else if (this.#settings.closeWhenAbandoned) {
      this.#lose(this.#error('CONNECTION_CLOSED', `${pending.api} was given up`))
    }
    // Else its deadline stands: a broker that does not answer it answers nothing behind it.
  }

  #noteThrottle(body: unknown): void {
    const { throttleTimeMs } = body as { readonly throttleTimeMs?: number }
    if (throttleTimeMs === undefined || throttleTimeMs <= 0) return
    const { clock } = this.#settings
    const until = clock.elapsed() + Math.min(throttleTimeMs, MAX_THROTTLE_MS)
    if (until <= this.#throttledUntilMs) return
    this.#throttledUntilMs = until
    clock.clearTimeout(this.#throttleTimer)
    this.#throttleTimer = clock.setTimeout(() => {
      this.#throttleTimer = undefined
      this.#sendWaiting()
    }, until - clock.elapsed())
  }

  #isThrottled(): boolean {
    return this.#throttleTimer !== undefined
  }

  #lose(error: StreamBusError, settleFirst?: () => void): void {
    if (this.#closed) return
    this.#end(error, settleFirst)
    this.#settings.onLost(error)
  }

  #end(error: StreamBusError, settleFirst?: () => void): void {
    if (this.#closed) return
    this.#closed = true
    this.#settings.clock.clearTimeout(this.#throttleTimer)
    this.#duplex.destroy()
    settleFirst?.()
    const rest = [...this.#unanswered.values(), ...this.#waiting]
    this.#unanswered.clear()
    this.#waiting.clear()
    for (const pending of rest) settle(pending, Effect.fail(this.#closedBefore(pending.api, error)))
  }

  #oldest(): PendingRequest | undefined {
    return this.#unanswered.values().next().value
  }

  #closedBefore(api: ApiName, reason?: StreamBusError): StreamBusError {
    const what = `the connection closed before ${api} was answered`
    const why = reason === undefined ? what : `${what}: ${this.#withoutPrefix(reason)}`
    return this.#error('CONNECTION_CLOSED', why, true, reason)
  }

  #withoutPrefix({ message }: StreamBusError): string {
    const prefix = `broker ${this.#duplex.remote}: `
    return message.startsWith(prefix) ? message.slice(prefix.length) : message
  }

  #timedOut(api: ApiName, what: string): StreamBusError {
    return this.#error('REQUEST_TIMED_OUT', `${api} ${what}`)
  }

  #error(
    code: 'CONNECTION_CLOSED' | 'MALFORMED_MESSAGE' | 'REQUEST_TIMED_OUT',
    why: string,
    retriable = true,
    cause?: unknown,
  ): StreamBusError {
    const broker = this.#duplex.remote
    return new StreamBusError(code, `broker ${broker}: ${why}`, { broker, retriable, cause })
  }
}

const settle = (pending: PendingRequest, result: Effect.Effect<unknown, StreamBusError>): void => {
  const told = pending.settle
  pending.settle = undefined
  pending.deadline.clear()
  told?.(result)
}

/** Kafka's brokers send nothing back for Produce with acks 0. */
const expectsNoAnswer = <N extends ApiName>(api: N, input: RequestInput<N>): boolean =>
  api === 'Produce' && (input as RequestInput<'Produce'>).acks === 0
