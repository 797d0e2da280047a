import * as Effect from 'effect/Effect'
import { isStreamBusError, StreamBusError } from '../domain/errors.js'
import type { Runtime } from '../runtime/runtime.js'
import type { ApiName, ResponseBody } from '../transport/protocol/registry.js'
import type { RequestMaker, Target, TransportService } from '../transport/transport.js'

const RETRY_MS = 100
const RETRY_MAX_MS = 1_000

export interface AdminParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  /** Names this admin's own connections. */
  readonly id: string
  readonly timeoutMs: number
}

/** Requests of an admin: each call has one deadline, within which passing trouble is retried. */
export class AdminCalls {
  readonly parts: AdminParts

  constructor(parts: AdminParts) {
    this.parts = parts
  }

  request<N extends ApiName>(
    target: Target,
    api: N,
    input: RequestMaker<N>,
  ): Effect.Effect<ResponseBody<N>, StreamBusError> {
    const { transport, id, timeoutMs } = this.parts
    const purpose = target.type === 'coordinator' ? 'control' : 'metadata'
    return transport.request(target, api, input, { purpose, timeoutMs, owner: id })
  }

  /**
   * Runs an attempt until it succeeds, fails for good, or timeoutMs is over; then with its last
   * error. Between attempts metadata and coordinators are looked up anew.
   */
  retrying<A>(
    attempt: Effect.Effect<A, StreamBusError>,
    groupId?: string,
  ): Effect.Effect<A, StreamBusError> {
    const { runtime, transport, timeoutMs } = this.parts
    return Effect.gen(function* () {
      const deadline = runtime.clock.elapsed() + timeoutMs
      for (let pauseMs = RETRY_MS; ; pauseMs = Math.min(2 * pauseMs, RETRY_MAX_MS)) {
        const left = deadline - runtime.clock.elapsed()
        const timed = Effect.timeoutOrElse(attempt, {
          duration: Math.max(1, left),
          orElse: () => Effect.fail(outOfTime(timeoutMs)),
        })
        const result = yield* Effect.result(caught(timed))
        if (result._tag === 'Success') return result.success
        const { retriable, kafkaError } = result.failure
        // Retriable in Kafka's table, but to whoever names a topic it is the answer.
        const mayPass = retriable && kafkaError !== 'UNKNOWN_TOPIC_OR_PARTITION'
        if (!mayPass || runtime.clock.elapsed() + pauseMs >= deadline) {
          return yield* Effect.fail(result.failure)
        }
        if (groupId !== undefined) transport.forgetCoordinator(groupId)
        transport.invalidate()
        yield* Effect.sleep(pauseMs)
      }
    })
  }
}

/** Calls `note` when a request ended without an answer: what it asked for may have been done. */
export const notingUnanswered = <A>(
  request: Effect.Effect<A, StreamBusError>,
  note: () => void,
): Effect.Effect<A, StreamBusError> =>
  Effect.tapError(request, ({ code }) =>
    Effect.sync(() => {
      if (code === 'CONNECTION_CLOSED' || code === 'REQUEST_TIMED_OUT') note()
    }),
  )

/** What is thrown as StreamBusError is a failure; all else stays a defect. */
export const caught = <A>(
  effect: Effect.Effect<A, StreamBusError>,
): Effect.Effect<A, StreamBusError> =>
  Effect.catchDefect(effect, (defect) =>
    isStreamBusError(defect) ? Effect.fail(defect) : Effect.die(defect),
  )

const outOfTime = (timeoutMs: number): StreamBusError =>
  new StreamBusError('REQUEST_TIMED_OUT', `no answer within ${timeoutMs} ms`, { retriable: true })
