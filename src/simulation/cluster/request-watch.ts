import type { Broker } from '../../broker/broker.js'
import { keyOf, partitionKey } from '../../domain/topic-partition.js'
import type { ProcessRecorder } from '../../runtime/trace-recorder.js'
import { decodeAssignment, decodeSubscription } from '../../transport/protocol/consumer-protocol.js'
import { kafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import { splitBatches } from '../../transport/protocol/records/batch-reader.js'
import type { ApiName, RequestBody, ResponseInput } from '../../transport/protocol/registry.js'
import type { RequestContext } from '../../transport/request-handler.js'

export interface RequestWatchParts {
  readonly recorder: ProcessRecorder
  readonly broker: () => Broker
  readonly topicName: (topicId: string) => string | undefined
  readonly visible: (topic: string) => number
  readonly nameOf: (memberId: string) => string
}

type Answered = (answer: unknown) => void

/**
 * Looks at requests and answers where the broker gives them, and tells the trace what the checkers
 * ask for: commits and what the coordinator was at, offsets given out, targets, records read.
 */
export class RequestWatch {
  readonly #parts: RequestWatchParts
  /** The members' subscriptions, as the coordinator told the leader of a generation. */
  #subscriptions = new Map<string, Subscribed>()

  constructor(parts: RequestWatchParts) {
    this.#parts = parts
  }

  /** To be called with the answer, if there is anything to be told. */
  asked<N extends ApiName>(
    api: N,
    body: RequestBody<N>,
    context: RequestContext,
  ): Answered | undefined {
    const by = context.clientId ?? ''
    switch (api as ApiName) {
      case 'OffsetCommit':
        return this.#commit(body as RequestBody<'OffsetCommit'>, by)
      case 'OffsetFetch':
        return (answer) => this.#offsets(answer as ResponseInput<'OffsetFetch'>, by)
      case 'JoinGroup':
        return (answer) => this.#joined(answer as ResponseInput<'JoinGroup'>)
      case 'SyncGroup':
        this.#target(body as RequestBody<'SyncGroup'>)
        return undefined
      case 'Fetch':
        return (answer) => this.#read(answer as ResponseInput<'Fetch'>, by)
      default:
        return undefined
    }
  }

  #commit(body: RequestBody<'OffsetCommit'>, by: string): Answered {
    const { groupId, memberId, generationIdOrMemberEpoch: generation } = body
    // Decided in the step in which it is handled; the answer follows durability.
    const group = this.#parts.broker().groups.describe(groupId)
    const coordinator = {
      generation: group?.generation ?? -1,
      isMember: group?.members.some((member) => member.memberId === memberId) ?? false,
    }
    return (given) => {
      const accepted: Record<string, number> = {}
      const refused: Record<string, string> = {}
      const { topics } = given as ResponseInput<'OffsetCommit'>
      const asked = offsetsOf(body)
      for (const { name, partitions } of topics) {
        for (const { partitionIndex, errorCode = 0 } of partitions) {
          const key = partitionKey(name, partitionIndex)
          if (errorCode === 0) accepted[key] = asked.get(key) ?? -1
          else refused[key] = kafkaErrorName(errorCode)
        }
      }
      const { recorder, nameOf } = this.#parts
      const member = nameOf(memberId)
      const fact = {
        fact: 'commit',
        by,
        member,
        generation,
        coordinator,
        accepted,
        refused,
      } as const
      recorder.fact(`group/${groupId}`, fact)
    }
  }

  #offsets({ topics = [], groups = [] }: ResponseInput<'OffsetFetch'>, by: string): void {
    const committed: Record<string, number> = {}
    for (const { name, partitions } of groups[0]?.topics ?? topics) {
      for (const { partitionIndex, committedOffset, errorCode = 0 } of partitions) {
        if (errorCode === 0) committed[partitionKey(name, partitionIndex)] = committedOffset ?? -1
      }
    }
    if (Object.keys(committed).length === 0) return
    this.#parts.recorder.fact('offsets', { fact: 'offsets', by, committed })
  }

  #joined({ errorCode = 0, members = [], protocolName }: ResponseInput<'JoinGroup'>): void {
    if (errorCode !== 0 || members.length === 0) return
    this.#subscriptions = new Map(
      members.map(({ memberId, metadata }) => {
        const { topics, owned } = decodeSubscription(metadata)
        return [memberId, { topics, owned: owned.map(keyOf), strategy: protocolName ?? '' }]
      }),
    )
  }

  /** From the leader's SyncGroup; the others' are empty. */
  #target({ groupId, generationId, assignments }: RequestBody<'SyncGroup'>): void {
    if (assignments.length === 0) return
    const { recorder, nameOf, broker, visible } = this.#parts
    const group = broker().groups.describe(groupId)
    if (group?.generation !== generationId || group.state !== 'completingRebalance') return
    const assigned: Record<string, string[]> = {}
    for (const { memberId, assignment } of assignments) {
      assigned[nameOf(memberId)] = decodeAssignment(assignment).partitions.map(keyOf)
    }
    const subscribed: Record<string, readonly string[]> = {}
    const owned: Record<string, readonly string[]> = {}
    let strategy = ''
    const partitions: Record<string, number> = {}
    for (const [memberId, of] of this.#subscriptions) {
      strategy = of.strategy
      subscribed[nameOf(memberId)] = of.topics
      owned[nameOf(memberId)] = of.owned
      for (const topic of of.topics) {
        const count = broker().topics.byName(topic)?.logs.length ?? 0
        partitions[topic] = Math.min(count, visible(topic))
      }
    }
    const generation = generationId
    const fact = {
      fact: 'target',
      generation,
      strategy,
      assigned,
      subscribed,
      owned,
      partitions,
    } as const
    recorder.fact(`group/${groupId}`, fact)
  }

  #read({ responses }: ResponseInput<'Fetch'>, by: string): void {
    for (const { topic = '', topicId = '', partitions } of responses) {
      const name = topic === '' ? this.#parts.topicName(topicId) : topic
      for (const { partitionIndex, records, highWatermark } of partitions) {
        if (name === undefined || records === null || records.length === 0) continue
        const place = { topic: name, partition: partitionIndex }
        const batches = splitBatches(records, place, { allowPartialLast: true })
        if (batches.length === 0) continue
        this.#parts.recorder.fact('log', {
          fact: 'read',
          by,
          partition: keyOf(place),
          first: batches[0]!.baseOffset,
          last: batches[batches.length - 1]!.lastOffset,
          highWatermark,
        })
      }
    }
  }
}

interface Subscribed {
  readonly topics: readonly string[]
  readonly owned: readonly string[]
  readonly strategy: string
}

const offsetsOf = ({ topics }: RequestBody<'OffsetCommit'>): ReadonlyMap<string, number> =>
  new Map(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(
        ({ partitionIndex, committedOffset }) =>
          [partitionKey(name, partitionIndex), committedOffset] as const,
      ),
    ),
  )
