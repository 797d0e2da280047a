import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import { errorResponse } from '../../broker/error-response.js'
import {
  type ApiName,
  apiByKey,
  type RequestBody,
  type ResponseInput,
} from '../../transport/protocol/registry.js'
import type { RequestContext, RequestHandler } from '../../transport/request-handler.js'
import { hostOf, PORT, type SimulatedCluster } from './cluster.js'
import type { Interferences } from './interference.js'
import { leadersOnly } from './leaders-only.js'
import type { RequestWatch } from './request-watch.js'

type Answer<N extends ApiName> = Effect.Effect<ResponseInput<N> | null>

export interface NodeParts {
  readonly cluster: SimulatedCluster
  readonly nodeId: number
  readonly interferences: Interferences
  readonly watch: RequestWatch
  /** The newest version of each API that this broker has. */
  readonly newest: (api: ApiName) => number
}

/** One address of the cluster: what it answers, given its roles and what is in the way. */
export const nodeHandler = (parts: NodeParts): RequestHandler => {
  const node = new Node(parts)
  return (api, body, context) => node.handle(api, body, context)
}

class Node {
  readonly #cluster: SimulatedCluster
  readonly #nodeId: number
  readonly #parts: NodeParts

  constructor(parts: NodeParts) {
    this.#parts = parts
    this.#cluster = parts.cluster
    this.#nodeId = parts.nodeId
  }

  handle<N extends ApiName>(api: N, body: RequestBody<N>, context: RequestContext): Answer<N> {
    return Effect.suspend(() => {
      const inTheWay = this.#parts.interferences.take(api, context.clientId ?? '')
      const { apiVersion } = context
      switch (inTheWay?.do) {
        case undefined:
          return this.#answer(api, body, context)
        case 'refuse':
          return Effect.succeed(errorResponse(api, body, inTheWay.error, apiVersion))
        case 'delay':
          return Effect.tap(this.#answer(api, body, context), Effect.sleep(inTheWay.ms))
        case 'throttle':
          return Effect.map(this.#answer(api, body, context), (answer) =>
            answer === null ? null : { ...answer, throttleTimeMs: inTheWay.ms },
          )
        case 'swallow':
          return Effect.andThen(this.#answer(api, body, context), Effect.never)
        case 'lose':
          return Effect.never
        case 'repeat':
          // Like a request on a connection of its own, that nobody reads from.
          this.#cluster.runtime.run(this.#answer(api, body, context))
          return this.#answer(api, body, context)
      }
    })
  }

  #answer<N extends ApiName>(api: N, body: RequestBody<N>, context: RequestContext): Answer<N> {
    const refusal = this.#notMine(api, body)
    if (refusal !== undefined) {
      return Effect.succeed(errorResponse(api, body, refusal, context.apiVersion))
    }
    const asked = this.#parts.watch.asked(api, body, context)
    const handled = leadersOnly(api, body, this.#leads, (mine) =>
      this.#cluster.broker.handle(api, mine, context),
    )
    const told = Effect.map(handled, (answer) => {
      if (answer === null) return null
      const dressed = this.#dress(api, answer, context)
      asked?.(dressed)
      return dressed
    })
    // Stored also when nobody waits any more, so it has to be told: a zombie's connection is gone
    // mostly before its commit is durable.
    return api === 'OffsetCommit' ? Fiber.join(this.#cluster.runtime.run(told)) : told
  }

  readonly #leads = (topic: string, topicId: string, partition: number): boolean => {
    const name = topic === '' ? this.#cluster.topicName(topicId) : topic
    return name === undefined || this.#cluster.roles.leaderOf(name, partition) === this.#nodeId
  }

  #notMine<N extends ApiName>(api: N, body: RequestBody<N>) {
    const group = groupOf(api, body)
    if (group === undefined) return undefined
    const { roles } = this.#cluster
    if (roles.coordinatorOf(group) !== this.#nodeId) return 'NOT_COORDINATOR'
    return roles.loading.has(group) ? 'COORDINATOR_LOAD_IN_PROGRESS' : undefined
  }

  /** What the broker cannot know: the other addresses, and who does what. */
  #dress<N extends ApiName>(
    api: N,
    answer: ResponseInput<N>,
    context: RequestContext,
  ): ResponseInput<N> {
    if (api === 'Metadata') {
      return this.#dressMetadata(answer as ResponseInput<'Metadata'>) as ResponseInput<N>
    }
    if (api === 'FindCoordinator') {
      const found = answer as ResponseInput<'FindCoordinator'>
      return this.#dressCoordinator(found, context) as ResponseInput<N>
    }
    if (api === 'ApiVersions') {
      return this.#dressVersions(answer as ResponseInput<'ApiVersions'>) as ResponseInput<N>
    }
    return answer
  }

  #dressVersions(answer: ResponseInput<'ApiVersions'>): ResponseInput<'ApiVersions'> {
    return {
      ...answer,
      apiKeys: answer.apiKeys.map((range) => {
        const api = apiByKey(range.apiKey)
        const maxVersion = api === undefined ? range.maxVersion : this.#parts.newest(api)
        return { ...range, maxVersion: Math.min(range.maxVersion, maxVersion) }
      }),
    }
  }

  #dressMetadata(answer: ResponseInput<'Metadata'>): ResponseInput<'Metadata'> {
    const { nodeIds, roles } = this.#cluster
    return {
      ...answer,
      brokers: nodeIds.map((nodeId) => ({ nodeId, host: hostOf(nodeId), port: PORT, rack: null })),
      controllerId: nodeIds[0]!,
      topics: answer.topics.map((topic) => ({
        ...topic,
        partitions: topic.partitions
          .filter(({ partitionIndex }) => partitionIndex < roles.visible(topic.name ?? ''))
          .map((partition) => {
            const { partitionIndex } = partition
            const leaderId = roles.leaderOf(topic.name ?? '', partitionIndex, this.#nodeId)
            return { ...partition, leaderId, replicaNodes: nodeIds, isrNodes: nodeIds }
          }),
      })),
    }
  }

  #dressCoordinator(
    answer: ResponseInput<'FindCoordinator'>,
    { apiVersion }: RequestContext,
  ): ResponseInput<'FindCoordinator'> {
    const place = (group: string) => {
      const nodeId = this.#cluster.roles.coordinatorOf(group)
      return { nodeId, host: hostOf(nodeId), port: PORT }
    }
    // Before version 4 the answer does not say which group it is for; a world has one.
    if (apiVersion < 4) return { ...answer, ...place(this.#cluster.onlyGroup) }
    return {
      ...answer,
      coordinators: (answer.coordinators ?? []).map((one) => ({ ...one, ...place(one.key) })),
    }
  }
}

const byGroup = new Set<ApiName>([
  'JoinGroup',
  'SyncGroup',
  'Heartbeat',
  'LeaveGroup',
  'OffsetCommit',
  'OffsetFetch',
])

const groupOf = <N extends ApiName>(api: N, body: RequestBody<N>): string | undefined => {
  if (!byGroup.has(api)) return undefined
  const { groupId, groups } = body as { groupId?: string; groups?: readonly { groupId: string }[] }
  return groups?.[0]?.groupId ?? groupId
}
