import * as Effect from 'effect/Effect'
import { StreamBusError } from '../domain/errors.js'
import {
  comparePartitions,
  keyOf,
  type TopicPartition,
  type TopicPartitionOffset,
  tpOf,
} from '../domain/topic-partition.js'
import { errorCode as codeOf } from '../transport/protocol/kafka-errors.js'
import { fetchCommittedOffsets } from '../transport/requests/fetch-offsets.js'
import { EARLIEST, groupByTopic, LATEST, listOffsets } from '../transport/requests/list-offsets.js'
import type { AdminCalls } from './admin-calls.js'
import { describeGroup, groupFailure } from './groups.js'
import { offsetsOf, requireTopic } from './topics.js'

export interface GroupOffset extends TopicPartition {
  /** Next offset to process; null when the group committed none. */
  readonly committedOffset: number | null
  readonly logStartOffset: number | null
  readonly logEndOffset: number | null
  /** Records from the committed offset (without one: from the log's start) to the end; null while unknown. */
  readonly lag: number | null
}

export type ResetTarget = number | 'beginning' | 'end' | { readonly timestampMs: number }

export interface ResetOptions {
  readonly to: ResetTarget
  /** Whole topics, or single partitions. Default: everything the group has committed. */
  readonly topics?: readonly (string | TopicPartition)[]
  /** Default false. True only says what would be done. */
  readonly dryRun?: boolean
}

export interface ResetOffset extends TopicPartition {
  readonly before: number | null
  readonly after: number
}

/** Every partition that the group has committed or is assigned, sorted. */
export const groupOffsets = (
  calls: AdminCalls,
  groupId: string,
): Effect.Effect<readonly GroupOffset[], StreamBusError> =>
  Effect.gen(function* () {
    const group = yield* describeGroup(calls, groupId)
    const committed = yield* committedOffsets(calls, groupId)
    const assigned = group.members.flatMap(({ assignment }) => assignment ?? [])
    const all = new Map([...committed.values(), ...assigned].map((tp) => [keyOf(tp), tp]))
    const partitions = [...all.values()].sort(comparePartitions)
    const [start, end] = yield* logEnds(calls, partitions)
    return partitions.map(({ topic, partition }) => {
      const key = keyOf({ topic, partition })
      const committedOffset = committed.get(key)?.offset ?? null
      const logStartOffset = start.get(key) ?? null
      const logEndOffset = end.get(key) ?? null
      // What was cut off below the log's start is not left to be processed.
      const from =
        committedOffset === null || logStartOffset === null
          ? (committedOffset ?? logStartOffset)
          : Math.max(committedOffset, logStartOffset)
      const lag = from === null || logEndOffset === null ? null : Math.max(0, logEndOffset - from)
      return { topic, partition, committedOffset, logStartOffset, logEndOffset, lag }
    })
  })

/** For a group without members; refused with GROUP_NOT_EMPTY otherwise. */
export const commitGroupOffsets = (
  calls: AdminCalls,
  groupId: string,
  offsets: readonly TopicPartitionOffset[],
): Effect.Effect<void, StreamBusError> => {
  for (const { topic, partition, offset } of offsets) {
    if (!Number.isSafeInteger(offset) || offset < 0) {
      return Effect.fail(badOffset(groupId, { topic, partition }, offset))
    }
  }
  const attempt = Effect.gen(function* () {
    const target = { type: 'coordinator', groupId } as const
    const response = yield* calls.request(target, 'OffsetCommit', {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: groupByTopic(offsets).map(([name, items]) => ({
        name,
        partitions: items.map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedMetadata: '',
        })),
      })),
    })
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        if (errorCode === 0) continue
        // A group with members takes no commit from outside: they would go on where they were.
        if (HAS_MEMBERS.has(errorCode)) throw notEmpty(groupId)
        throw groupFailure(errorCode, `commit ${name}-${partitionIndex} of`, groupId)
      }
    }
  })
  return calls.retrying(attempt, groupId)
}

/** Brokers differ in what they tell who commits for a group without being its member. */
const HAS_MEMBERS: ReadonlySet<number> = new Set([
  codeOf('UNKNOWN_MEMBER_ID'),
  codeOf('ILLEGAL_GENERATION'),
  codeOf('REBALANCE_IN_PROGRESS'),
  codeOf('NON_EMPTY_GROUP'),
])

const badOffset = (group: string, tp: TopicPartition, offset: number): StreamBusError =>
  new StreamBusError(
    'INVALID_ARGUMENT',
    `commit ${keyOf(tp)} of group ${group}: no offset: ${offset}`,
    { group, ...tp, field: 'offset' },
  )

export const resetGroupOffsets = (
  calls: AdminCalls,
  groupId: string,
  options: ResetOptions,
): Effect.Effect<readonly ResetOffset[], StreamBusError> =>
  Effect.gen(function* () {
    const committed = yield* committedOffsets(calls, groupId)
    const partitions = yield* chosenPartitions(calls, options.topics, [...committed.values()])
    const targets = yield* targetOffsets(calls, partitions, options.to)
    const plan = partitions.map((tp) => ({
      ...tp,
      before: committed.get(keyOf(tp))?.offset ?? null,
      after: targets.get(keyOf(tp))!,
    }))
    if (options.dryRun !== true && plan.length > 0) {
      const offsets = plan.map(({ after, before: _, ...tp }) => ({ ...tp, offset: after }))
      yield* commitGroupOffsets(calls, groupId, offsets)
    }
    return plan
  })

const committedOffsets = (calls: AdminCalls, groupId: string) => {
  const { transport, timeoutMs, id } = calls.parts
  const attempt = Effect.gen(function* () {
    const fetched = fetchCommittedOffsets(transport, groupId, null, { timeoutMs, owner: id })
    const { errorCode, offsets } = yield* fetched
    if (errorCode !== 0) throw groupFailure(errorCode, 'read the offsets of', groupId)
    const known = offsets.filter(({ offset }) => offset >= 0)
    return new Map(
      known.map(({ topic, partition, offset }) => [
        keyOf({ topic, partition }),
        { topic, partition, offset },
      ]),
    )
  })
  return calls.retrying(attempt, groupId)
}

/** Topics that are gone have no offsets: they are left out, and their lag is unknown. */
const logEnds = (calls: AdminCalls, partitions: readonly TopicPartition[]) =>
  Effect.gen(function* () {
    const { transport, timeoutMs } = calls.parts
    const names = [...new Set(partitions.map(({ topic }) => topic))]
    const view = yield* transport.metadata(names, { maxAgeMs: 0, timeoutMs })
    const topics = names.flatMap((name) => {
      const topic = view.topics.get(name)
      return topic === undefined || topic.partitions.length === 0 ? [] : [topic]
    })
    const start = yield* offsetsOf(calls, topics, EARLIEST)
    const end = yield* offsetsOf(calls, topics, LATEST)
    return [start, end] as const
  })

const chosenPartitions = (
  calls: AdminCalls,
  chosen: ResetOptions['topics'],
  committed: readonly TopicPartition[],
): Effect.Effect<readonly TopicPartition[], StreamBusError> =>
  Effect.gen(function* () {
    if (chosen === undefined) return [...committed].map(tpOf).sort(comparePartitions)
    const { transport, timeoutMs } = calls.parts
    const names = [...new Set(chosen.map((one) => (typeof one === 'string' ? one : one.topic)))]
    const view = yield* transport.metadata(names, { maxAgeMs: 0, timeoutMs })
    const partitions = chosen.flatMap((one): readonly TopicPartition[] => {
      const topic = requireTopic(view, typeof one === 'string' ? one : one.topic)
      if (typeof one === 'string') {
        return topic.partitions.map(({ partition }) => ({ topic: one, partition }))
      }
      if (one.partition < topic.partitions.length) return [tpOf(one)]
      const text = `topic ${one.topic} has partitions 0 to ${topic.partitions.length - 1}, not ${one.partition}`
      throw new StreamBusError('UNKNOWN_TOPIC', text, tpOf(one))
    })
    return [...new Map(partitions.map((tp) => [keyOf(tp), tp])).values()].sort(comparePartitions)
  })

const targetOffsets = (
  calls: AdminCalls,
  partitions: readonly TopicPartition[],
  to: ResetTarget,
): Effect.Effect<ReadonlyMap<string, number>, StreamBusError> => {
  if (typeof to === 'number') {
    if (!Number.isSafeInteger(to) || to < 0) throw badTarget(to)
    return Effect.succeed(new Map(partitions.map((tp) => [keyOf(tp), to])))
  }
  const { transport, timeoutMs } = calls.parts
  const ask = (asked: readonly TopicPartition[], timestamp: number) =>
    calls.retrying(
      Effect.map(
        listOffsets(
          transport,
          asked.map((tp) => ({ ...tp, timestamp })),
          { timeoutMs, isolationLevel: 'read_uncommitted' },
        ),
        (answers) => {
          for (const tp of asked) {
            const errorCode = answers.get(keyOf(tp))?.errorCode ?? 5
            if (errorCode !== 0) throw groupFailure(errorCode, `look up ${keyOf(tp)} for`, '')
          }
          return new Map([...answers].map(([key, { offset }]) => [key, offset]))
        },
      ),
    )
  const timestamp = to === 'beginning' ? EARLIEST : to === 'end' ? LATEST : to.timestampMs
  return Effect.gen(function* () {
    const found = yield* ask(partitions, timestamp)
    const later = partitions.filter((tp) => (found.get(keyOf(tp)) ?? -1) < 0)
    // No record is that young: what comes next is meant.
    const ends = later.length === 0 ? new Map<string, number>() : yield* ask(later, LATEST)
    return new Map([...found, ...ends])
  })
}

const badTarget = (offset: number): StreamBusError =>
  new StreamBusError('INVALID_ARGUMENT', `reset offsets: no offset: ${offset}`, { field: 'to' })

const notEmpty = (group: string): StreamBusError =>
  new StreamBusError(
    'GROUP_NOT_EMPTY',
    `group ${group} has members: stop them before its offsets are changed from outside`,
    { group },
  )
