import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import type { AssignorMember } from '../../assignors/index.js'
import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import type { AssignOutcome } from '../../domain/membership.js'
import { decodeSubscription, encodeAssignment } from '../../transport/protocol/consumer-protocol.js'
import { isRetriable } from '../../transport/protocol/kafka-errors.js'
import { kafkaFailure } from '../../transport/requests/kafka-failure.js'
import type { ClusterView } from '../../transport/transport.js'
import { classifyFailure, errorInfo } from './classify.js'
import type { GroupClient } from './group-client.js'
import type { JoinedMembers } from './join.js'
import type { MemberAssignments } from './sync.js'

/**
 * The group leader's duty: every member's subscription in, an assignment for each out. Keeps the
 * partition counts it assigned by, so that a topic that grows or goes is noticed.
 */
export class GroupLeader {
  readonly #client: GroupClient
  members: JoinedMembers = []
  assignments: MemberAssignments = []
  #counts: ReadonlyMap<string, number> = new Map()
  #topics: readonly string[] = []

  constructor(client: GroupClient) {
    this.#client = client
  }

  get topics(): readonly string[] {
    return this.#topics
  }

  compute(protocol: string): Effect.Effect<AssignOutcome> {
    return Effect.gen({ self: this }, function* () {
      const { transport, config } = this.#client.parts
      const assignor = config.assignors.find(({ name }) => name === protocol)
      if (assignor === undefined) {
        return refused(
          `the group chose the strategy '${protocol}', which this member does not offer`,
        )
      }
      const members = this.members.map((member) => this.#assignorMember(member))
      this.#topics = [...new Set(members.flatMap(({ topics }) => topics))].sort()
      const looked = yield* Effect.result(
        transport.metadata(this.#topics, { maxAgeMs: 0, timeoutMs: config.requestTimeoutMs }),
      )
      if (Result.isFailure(looked)) {
        const verdict = classifyFailure(looked.failure)
        return verdict as AssignOutcome
      }
      const view = looked.success
      const untold = this.#topics.find((name) => this.#isUntold(view, name))
      if (untold !== undefined) return notNow(view, untold)
      this.#counts = countsOf(view, this.#topics, this.#counts)
      try {
        const assignment = assignor.assign({ members, partitions: this.#counts })
        this.assignments = members.map(({ memberId }) => ({
          memberId,
          assignment: encodeAssignment(assignment.get(memberId) ?? []),
        }))
        return { tag: 'computed' }
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error)
        return refused(`the assignor '${protocol}' threw: ${text}`)
      }
    })
  }

  /** What changed since the assignment was computed, in words; undefined when nothing did. */
  difference(view: ClusterView): string | undefined {
    const now = countsOf(view, this.#topics, this.#counts)
    for (const topic of this.#topics) {
      const before = this.#counts.get(topic)
      const after = now.get(topic)
      if (before === after) continue
      if (before === undefined) return `topic ${topic} appeared with ${after} partitions`
      if (after === undefined) return `topic ${topic} is gone`
      return `topic ${topic} went from ${before} to ${after} partitions`
    }
    return undefined
  }

  /** Whether a topic that may well exist has a number of partitions that nobody could tell yet. */
  #isUntold(view: ClusterView, name: string): boolean {
    const topic = view.topics.get(name)
    if (topic === undefined || topic.errorCode === UNKNOWN_TOPIC_OR_PARTITION) return false
    const isInPassingTrouble = isRetriable(topic.errorCode) && topic.partitions.length === 0
    return isInPassingTrouble && !this.#counts.has(name)
  }

  /** A member whose subscription cannot be read gets nothing; the others must not suffer. */
  #assignorMember({ memberId, groupInstanceId, metadata }: JoinedMembers[number]): AssignorMember {
    try {
      const { topics, owned, generation, rackId, userData } = decodeSubscription(metadata)
      return { memberId, groupInstanceId, topics, owned, generation, rackId, userData }
    } catch (error) {
      if (!isStreamBusError(error)) throw error
      this.#client.parts.onError(error)
      const nothing = { topics: [], owned: [], generation: -1, rackId: null, userData: null }
      return { memberId, groupInstanceId, ...nothing }
    }
  }
}

const refused = (message: string): AssignOutcome => ({
  tag: 'refused',
  error: errorInfo(new StreamBusError('GROUP_REFUSED', message)),
})

/** An assignment without the topic would leave it to nobody, and nothing would call for another. */
const notNow = (view: ClusterView, name: string): AssignOutcome => {
  const doing = `metadata of topic ${name}`
  const error = kafkaFailure(view.topics.get(name)?.errorCode ?? -1, doing, { topic: name })
  return { tag: 'unavailable', error: errorInfo(error) }
}

const UNKNOWN_TOPIC_OR_PARTITION = 3

/** Partition counts of the topics that exist; a topic in passing trouble keeps its last count. */
const countsOf = (
  view: ClusterView,
  topics: readonly string[],
  last: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const name of topics) {
    const topic = view.topics.get(name)
    if (topic === undefined || topic.errorCode === UNKNOWN_TOPIC_OR_PARTITION) continue
    const count = topic.partitions.length || last.get(name)
    if (count !== undefined) counts.set(name, count)
  }
  return counts
}
