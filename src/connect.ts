import * as Schema from 'effect/Schema'
import { Admin } from './admin/admin.js'
import type { ConsumerOptions } from './consumer/config.js'
import { Consumer } from './consumer/consumer.js'
import { StreamBusError } from './domain/errors.js'
import { DurationMs, Name, validateOptions } from './domain/validate.js'
import type { ProducerOptions } from './producer/config.js'
import { Producer } from './producer/producer.js'
import { realRuntime } from './runtime/runtime.js'
import { connectTransport } from './transport/cluster/connect-transport.js'
import type { InProcessBroker } from './transport/request-handler.js'
import type { TransportService } from './transport/transport.js'

export interface ConnectOptions {
  /** `['host:port', ...]` of Kafka or `streambus broker`, or an embedded broker of this process. */
  readonly brokers: readonly string[] | InProcessBroker
  /** Default 'streambus'. Names this client to brokers. */
  readonly clientId?: string
  /** Default 10_000: how long `connect` tries before BROKER_UNREACHABLE. */
  readonly connectTimeoutMs?: number
  /** Default 30_000: deadline of one request. */
  readonly requestTimeoutMs?: number
  /** Default 300_000. */
  readonly metadataMaxAgeMs?: number
}

const Options = Schema.Struct({
  brokers: Schema.Unknown,
  clientId: Schema.optional(Name),
  connectTimeoutMs: Schema.optional(DurationMs),
  requestTimeoutMs: Schema.optional(DurationMs),
  metadataMaxAgeMs: Schema.optional(DurationMs),
})

interface Closable {
  close(): Promise<void>
}

/**
 * One client of one cluster. Consumers, producers and admins made from it share its metadata and,
 * where the protocol allows, its connections; closing it closes them.
 */
export class Bus implements AsyncDisposable {
  readonly #transport: TransportService
  readonly #clientId: string
  readonly #consumers = new Set<Consumer>()
  readonly #producers = new Set<Producer>()
  #made = 0
  #closing: Promise<void> | undefined

  constructor(transport: TransportService, clientId: string) {
    this.#transport = transport
    this.#clientId = clientId
  }

  consumer(options: ConsumerOptions): Consumer {
    const consumer = new Consumer(options, {
      ...this.#parts(`${options.clientId ?? this.#clientId}`),
      onClosed: () => this.#consumers.delete(consumer),
    })
    this.#consumers.add(consumer)
    return consumer
  }

  producer(options: ProducerOptions = {}): Producer {
    const producer = new Producer(options, {
      ...this.#parts(`${this.#clientId}/producer`),
      onClosed: () => this.#producers.delete(producer),
    })
    this.#producers.add(producer)
    return producer
  }

  /** Topics, groups and offsets. It holds nothing that has to be closed before the bus. */
  admin(): Admin {
    return new Admin({}, this.#parts(`${this.#clientId}/admin`))
  }

  /** Closes what was made from it, consumers first, then the connections. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #parts(name: string) {
    if (this.#closing !== undefined) {
      throw new StreamBusError('CONNECTION_CLOSED', 'the bus is closed: connect anew')
    }
    return {
      runtime: realRuntime(),
      transport: this.#transport,
      id: `${name}#${++this.#made}`,
      defaultClientId: this.#clientId,
    }
  }

  async #closeAll(): Promise<void> {
    // A consumer's last callbacks may still produce.
    const consumers = await closeEach(this.#consumers)
    const producers = await closeEach(this.#producers)
    await realRuntime().promise(this.#transport.close)
    const failed = [...consumers, ...producers].find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

const closeEach = (open: ReadonlySet<Closable>): Promise<PromiseSettledResult<void>[]> =>
  Promise.allSettled([...open].map((one) => one.close()))

/**
 * Connects to a cluster: resolves after the first metadata, or rejects with BROKER_UNREACHABLE
 * within `connectTimeoutMs`, naming each address and what went wrong there.
 */
export const connect = async (options: ConnectOptions): Promise<Bus> => {
  validateOptions('connect', Options, options)
  const { brokers, clientId = 'streambus', ...rest } = options
  const runtime = realRuntime()
  const transport = await runtime.promise(connectTransport({ runtime, brokers, clientId, ...rest }))
  return new Bus(transport, clientId)
}
