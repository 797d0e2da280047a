import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import type { StreamBusError } from '../domain/errors.js'
import type { TimerHandle } from '../runtime/clock.js'
import type { Runtime } from '../runtime/runtime.js'
import type { Tasks } from '../runtime/tasks.js'
import { kafkaFailure } from '../transport/requests/kafka-failure.js'
import type { TransportService } from '../transport/transport.js'
import type { Identity } from './batch.js'
import { failureOf } from './failure.js'

export interface IdentityParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly tasks: Tasks
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  /** It is there. */
  readonly onReady: () => void
  /** Asking on is useless. */
  readonly onFailed: (error: StreamBusError) => void
  readonly onTrouble: (error: StreamBusError) => void
}

/** Only transactions have a time limit. */
const NO_TRANSACTION_TIMEOUT = 2_147_483_647

/** The producer id that the broker gave (InitProducerId), asked for when it is first needed. */
export class ProducerIdentity {
  readonly #parts: IdentityParts
  #current: Identity | undefined
  #isAsking = false
  #timer: TimerHandle | undefined

  constructor(parts: IdentityParts) {
    this.#parts = parts
  }

  get current(): Identity | undefined {
    return this.#current
  }

  /** `spent`: brokers refuse this one. */
  want(spent?: Identity): void {
    if (spent !== undefined && spent.producerId === this.#current?.producerId) {
      this.#current = undefined
    }
    if (this.#current !== undefined || this.#isAsking || this.#timer !== undefined) return
    this.#isAsking = true
    this.#parts.tasks.run(Effect.map(Effect.exit(this.#ask()), (exit) => this.#take(exit)))
  }

  stop(): void {
    this.#parts.runtime.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #ask(): Effect.Effect<Identity, StreamBusError> {
    const { transport, requestTimeoutMs } = this.#parts
    const request = transport.request(
      { type: 'any' },
      'InitProducerId',
      { transactionalId: null, transactionTimeoutMs: NO_TRANSACTION_TIMEOUT },
      { purpose: 'metadata', timeoutMs: requestTimeoutMs },
    )
    return Effect.flatMap(request, ({ errorCode, producerId, producerEpoch }) =>
      errorCode === 0
        ? Effect.succeed({ producerId, epoch: producerEpoch })
        : Effect.fail(kafkaFailure(errorCode, 'asking for a producer id')),
    )
  }

  #take(exit: Exit.Exit<Identity, StreamBusError>): void {
    this.#isAsking = false
    if (Exit.isSuccess(exit)) {
      this.#current = exit.value
      this.#parts.onReady()
      return
    }
    const error = failureOf(exit.cause, 'asking for a producer id')
    if (!error.retriable) {
      this.#parts.onFailed(error)
      return
    }
    this.#parts.onTrouble(error)
    const { runtime, retryBackoffMs } = this.#parts
    this.#timer = runtime.clock.setTimeout(() => {
      this.#timer = undefined
      this.want()
    }, retryBackoffMs)
  }
}
