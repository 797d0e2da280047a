import * as Deferred from 'effect/Deferred'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import type * as Fiber from 'effect/Fiber'
import type { RebalanceReport } from '../../../src/broker/groups/group-host.js'
import { createGroups, type Groups, type GroupsConfig } from '../../../src/broker/groups/groups.js'
import type { Handler } from '../../../src/broker/handler.js'
import { memoryStore } from '../../../src/broker/store/memory-store.js'
import type { Mutation, Store } from '../../../src/broker/store/store.js'
import { StreamBusError } from '../../../src/domain/errors.js'
import { VirtualTime } from '../../../src/simulation/time/virtual-time.js'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import {
  type ApiName,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type RequestBody,
  type RequestInput,
  type ResponseBody,
  validVersions,
} from '../../../src/transport/protocol/registry.js'

/** A request on its way: what it was answered, and how to hang up. */
export interface Call<N extends ApiName> {
  readonly response: ResponseBody<N> | undefined
  readonly answers: number
  /** The connection closes. */
  readonly drop: () => void
}

export interface JoinOptions {
  readonly memberId?: string
  readonly groupInstanceId?: string | null
  readonly groupId?: string
  readonly clientId?: string
  readonly version?: number
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly protocols?: readonly (readonly [name: string, metadata: string])[]
  readonly protocolType?: string
  readonly reason?: string | null
}

export const defaultConfig: GroupsConfig = {
  groupInitialRebalanceDelayMs: 0,
  groupMinSessionTimeoutMs: 100,
  groupMaxSessionTimeoutMs: 1_800_000,
}

/**
 * A broker's groups over virtual time, asked through their handlers. Requests and
 * responses go through the codec in the version asked for, as they would over a wire.
 */
export class GroupWorld {
  readonly time: VirtualTime
  readonly logged: { readonly level: string; readonly message: string }[] = []
  readonly rebalances: RebalanceReport[] = []
  readonly defects: unknown[] = []
  readonly topics = new Map<string, number>([['events', 4]])
  groups: Groups
  /** Writes wait this long, or for ever with 'hold', before they are durable. */
  writeDelayMs: number | 'hold' = 0
  failWrites = false
  /** Taken at the next start. */
  config: Partial<GroupsConfig>
  readonly #disk = memoryStore()
  #life = 0

  constructor(config: Partial<GroupsConfig> = {}, seed: string | number = 1) {
    this.time = new VirtualTime(seed)
    this.config = config
    this.groups = this.#start()
  }

  get store(): Store {
    return this.#disk
  }

  /** The process dies: nothing is answered any more, and writes not yet durable are lost. */
  crash(): void {
    this.#life++
    this.groups = this.#start()
    this.time.settle()
  }

  restart(): void {
    this.run(this.groups.close)
    this.crash()
  }

  run<A>(effect: Effect.Effect<A>): A {
    const fiber = this.time.runtime.run(effect)
    this.time.runUntilTrue(() => fiber.pollUnsafe() !== undefined, 60_000)
    const exit = fiber.pollUnsafe()
    if (exit === undefined || !Exit.isSuccess(exit)) throw new Error(`not done: ${exit}`)
    return exit.value
  }

  call<N extends ApiName>(
    api: N,
    input: RequestInput<N>,
    { version = validVersions(api).max, clientId = 'client' } = {},
    onAnswer?: (response: ResponseBody<N>) => void,
  ): Call<N> {
    const handler = this.groups.handlers[api] as unknown as Handler<N>
    const life = this.#life
    const call: { response: ResponseBody<N> | undefined; answers: number; drop: () => void } = {
      response: undefined,
      answers: 0,
      drop: () => {},
    }
    const frame = encodeRequest(api, version, { correlationId: 7, clientId }, input)
    const body = decodeRequest(frame.subarray(4)).body as RequestBody<N>
    const effect = Effect.suspend(() =>
      handler(body, {
        apiVersion: version,
        clientId,
        clientHost: '/127.0.0.1',
      }),
    )
    const fiber: Fiber.Fiber<unknown> = this.time.runtime.run(
      Effect.tap(effect, (response) =>
        Effect.sync(() => {
          if (this.#life !== life) return
          call.answers++
          const frame = encodeResponse(api, version, 7, response!)
          call.response = decodeResponse(api, version, frame.subarray(4)).body
          onAnswer?.(call.response)
        }),
      ),
    )
    fiber.addObserver((exit) => {
      if (Exit.isFailure(exit) && !Exit.hasInterrupts(exit)) this.defects.push(exit.cause)
    })
    call.drop = () => {
      fiber.interruptUnsafe()
      this.time.settle()
    }
    this.time.settle()
    if (this.defects.length > 0) throw new Error(`a handler failed: ${this.defects}`)
    return call
  }

  join(options: JoinOptions = {}): Call<'JoinGroup'> {
    const {
      memberId = '',
      groupInstanceId = null,
      groupId = 'g',
      clientId = 'client',
      version = 9,
      sessionTimeoutMs = 10_000,
      rebalanceTimeoutMs = 60_000,
      protocols = [['range', 'events']],
      protocolType = 'consumer',
      reason = null,
    } = options
    return this.call(
      'JoinGroup',
      {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId,
        groupInstanceId,
        protocolType,
        protocols: protocols.map(([name, topics]) => ({ name, metadata: subscription(topics) })),
        reason,
      },
      { version, clientId },
    )
  }

  /** As a v4+ client does: asks for an id, then joins with it. */
  enter(options: JoinOptions = {}): {
    readonly memberId: string
    readonly join: Call<'JoinGroup'>
  } {
    const memberId = this.join(options).response!.memberId
    return { memberId, join: this.join({ ...options, memberId }) }
  }

  sync(
    memberId: string,
    generationId: number,
    assignments: Readonly<Record<string, string>> = {},
    { groupInstanceId = null as string | null, groupId = 'g', version = 5 } = {},
  ): Call<'SyncGroup'> {
    return this.call(
      'SyncGroup',
      {
        groupId,
        generationId,
        memberId,
        groupInstanceId,
        assignments: Object.entries(assignments).map(([id, text]) => ({
          memberId: id,
          assignment: Buffer.from(text),
        })),
      },
      { version },
    )
  }

  heartbeat(
    memberId: string,
    generationId: number,
    groupInstanceId: string | null = null,
    groupId = 'g',
  ): string {
    return errorOf(this.call('Heartbeat', { groupId, memberId, generationId, groupInstanceId }))
  }

  /** Commits partition 0 of `events`; the error of that partition. */
  commit(memberId: string, generation: number, offset: number, groupInstanceId?: string): string {
    const call = this.call('OffsetCommit', {
      groupId: 'g',
      memberId,
      generationIdOrMemberEpoch: generation,
      groupInstanceId: groupInstanceId ?? null,
      topics: [
        {
          name: 'events',
          partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: null }],
        },
      ],
    })
    const code = call.response?.topics[0]?.partitions[0]?.errorCode
    return code === undefined ? 'PENDING' : kafkaErrorName(code)
  }

  committed(groupId = 'g', partition = 0): number {
    return this.call('OffsetFetch', {
      groups: [{ groupId, topics: [{ name: 'events', partitionIndexes: [partition] }] }],
    }).response!.groups[0]!.topics[0]!.partitions[0]!.committedOffset
  }

  leave(memberId: string, groupInstanceId: string | null = null): string {
    const call = this.call('LeaveGroup', { groupId: 'g', members: [{ memberId, groupInstanceId }] })
    const { errorCode, members } = call.response!
    return kafkaErrorName(errorCode === 0 ? (members[0]?.errorCode ?? 0) : errorCode)
  }

  /** A stable group of so many dynamic members, in generation 1; the first leads. */
  stable(count = 2, options: JoinOptions = {}): string[] {
    const entered = Array.from({ length: count }, () => this.enter(options))
    this.time.runFor(100)
    const ids = entered.map(({ memberId }) => memberId)
    this.syncAll(ids)
    return ids
  }

  /** Everybody syncs with its own id as assignment; the first is the leader. */
  syncAll(ids: readonly string[], groupId = 'g'): Call<'SyncGroup'>[] {
    const { generation } = this.groups.describe(groupId)!
    const [leader, ...followers] = ids
    const assignments = Object.fromEntries(ids.map((id) => [id, `${id}@${generation}`]))
    const calls = followers.map((id) => this.sync(id, generation, {}, { groupId }))
    const led = this.sync(leader!, generation, assignments, { groupId })
    this.time.settle()
    return [led, ...calls]
  }

  get state(): string | undefined {
    return this.groups.describe('g')?.state
  }

  #start(): Groups {
    const life = this.#life
    const log = (level: string) => (_fields: object, message: string) => {
      if (this.#life === life) this.logged.push({ level, message })
    }
    return createGroups({
      runtime: this.time.runtime,
      store: this.#storeOfLife(this.#life),
      config: { ...defaultConfig, ...this.config },
      topics: {
        exists: (name) => this.topics.has(name),
        partitionCount: (name) => this.topics.get(name),
        nameOf: () => undefined,
        node: () => ({ nodeId: 1, host: 'localhost', port: 9092 }),
      },
      logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      onRebalance: (report) => {
        if (this.#life === life) this.rebalances.push(report)
      },
    })
  }

  /** Writes become durable in the order they were issued, whatever each one's delay. */
  #storeOfLife(life: number): Store {
    let before: Effect.Effect<void> = Effect.void
    const write = (mutations: readonly Mutation[]): Effect.Effect<void, StreamBusError> =>
      Effect.suspend(() => {
        const { writeDelayMs } = this
        if (writeDelayMs === 'hold') return Effect.never
        const earlier = before
        const done = Deferred.makeUnsafe<void>()
        before = Deferred.await(done)
        const apply = Effect.suspend(() => {
          if (this.#life !== life) return Effect.never
          return this.failWrites
            ? Effect.fail(new StreamBusError('STORE_FAILED', 'disk full'))
            : this.#disk.write(mutations)
        })
        const wait = writeDelayMs === 0 ? Effect.void : Effect.sleep(writeDelayMs)
        return Effect.ensuring(
          Effect.andThen(Effect.andThen(wait, earlier), apply),
          Deferred.succeed(done, undefined),
        )
      })
    return { ...this.#disk, write }
  }
}

/** A version 0 consumer subscription to topics named in one text, split by commas. */
export const subscription = (topics: string): Buffer => {
  const names = topics.split(',').map((name) => Buffer.from(name))
  const parts = [Buffer.from([0, 0, 0, 0, 0, names.length])]
  for (const name of names) parts.push(Buffer.from([name.length >> 8, name.length & 255]), name)
  return Buffer.concat([...parts, Buffer.from([255, 255, 255, 255])])
}

export const errorOf = (call: {
  readonly response: { readonly errorCode: number } | undefined
}): string => (call.response === undefined ? 'PENDING' : kafkaErrorName(call.response.errorCode))
