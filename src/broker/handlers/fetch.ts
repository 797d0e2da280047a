import * as Effect from 'effect/Effect'
import { errorCode } from '../../transport/protocol/kafka-errors.js'
import type { RequestBody, ResponseInput } from '../../transport/protocol/registry.js'
import type { BrokerParts } from '../broker-parts.js'
import { type PartitionRead, type Reading, readPartitions, type Wanted } from '../fetch-reading.js'
import type { Handler } from '../handler.js'
import { LEADER_EPOCH, type PartitionLog } from '../partition-log.js'

type Body = RequestBody<'Fetch'>
type Response = ResponseInput<'Fetch'>
type PartitionResponse = Response['responses'][number]['partitions'][number]

const READ_COMMITTED = 1
const NO_SESSION = 0

/**
 * Fetch, key 1. Topics by name up to version 12, by id from version 13 on. Waits up to
 * `maxWaitMs` for `minBytes`, unless there is nothing to wait for or something to report.
 * Interrupting it lets go of the wait.
 *
 * Incremental sessions (KIP-227) are declined: a response with session id 0 is how a broker says
 * so, and the client then sends all partitions each time. There are no transactions: the last
 * stable offset is the high watermark, no transaction is aborted.
 */
export const fetch =
  (parts: BrokerParts): Handler<'Fetch'> =>
  (body) =>
    Effect.suspend(() => {
      if (body.sessionId !== NO_SESSION) {
        return Effect.succeed({
          errorCode: errorCode('FETCH_SESSION_ID_NOT_FOUND'),
          sessionId: NO_SESSION,
          responses: [],
        })
      }
      const wanted = body.topics.flatMap((topic) =>
        topic.partitions.map((partition) => ({ topic, partition })),
      )
      const maxBytes = Math.min(body.maxBytes, parts.config.maxFetchBytes)
      const minBytes = Math.min(body.minBytes, maxBytes)
      const read = (): Reading => readPartitions(parts.topics, wanted, maxBytes)
      const now = read()
      const waits =
        body.maxWaitMs > 0 && wanted.length > 0 && !now.hasErrors && now.bytes < minBytes
      if (!waits) return Effect.succeed(response(body, now))
      return Effect.map(moreBytes(parts, now, minBytes, body.maxWaitMs), () =>
        response(body, read()),
      )
    })

/**
 * Ends when the partitions that were read have grown to `minBytes`, one of them has gone, or the
 * time is up. Growth is counted, not read again: what was there at first was all there was.
 */
const moreBytes = (
  { runtime }: BrokerParts,
  reading: Reading,
  minBytes: number,
  maxWaitMs: number,
): Effect.Effect<void> =>
  Effect.callback((resume) => {
    let missing = minBytes - reading.bytes
    const release: (() => void)[] = []
    const end = (): void => {
      for (const each of release.splice(0)) each()
    }
    const timer = runtime.clock.setTimeout(() => {
      end()
      resume(Effect.void)
    }, maxWaitMs)
    release.push(() => runtime.clock.clearTimeout(timer))
    for (const log of logsOf(reading)) {
      let counted = log.committedBytes
      const unwatch = log.watch(() => {
        missing -= log.committedBytes - counted
        counted = log.committedBytes
        if (missing > 0 && !log.isGone) return
        end()
        resume(Effect.void)
      })
      release.push(unwatch)
    }
    return Effect.sync(end)
  })

const logsOf = ({ partitions }: Reading): ReadonlySet<PartitionLog> =>
  new Set(partitions.flatMap((read) => (read.type === 'read' ? [read.log] : [])))

const response = (body: Body, { partitions }: Reading): Response => {
  const responses: { topic: string; topicId: string; partitions: PartitionResponse[] }[] = []
  let previous: Wanted['topic'] | undefined
  for (const read of partitions) {
    const { topic } = read.wanted
    if (topic !== previous) {
      responses.push({ topic: topic.topic, topicId: topic.topicId, partitions: [] })
    }
    previous = topic
    responses.at(-1)!.partitions.push(partitionResponse(body, read))
  }
  return { errorCode: 0, sessionId: NO_SESSION, responses }
}

const partitionResponse = (body: Body, read: PartitionRead): PartitionResponse => {
  const { partition } = read.wanted.partition
  // Kafka sends a list, empty here, to those who asked for committed records only.
  const abortedTransactions = body.isolationLevel === READ_COMMITTED ? [] : null
  if (read.type === 'refused') {
    return {
      partitionIndex: partition,
      errorCode: errorCode(read.error),
      highWatermark: -1,
      abortedTransactions,
      records: Buffer.alloc(0),
      ...(read.error === 'FENCED_LEADER_EPOCH'
        ? { currentLeader: { leaderEpoch: LEADER_EPOCH } }
        : {}),
    }
  }
  return {
    partitionIndex: partition,
    errorCode: 0,
    highWatermark: read.highWatermark,
    lastStableOffset: read.highWatermark,
    logStartOffset: read.log.logStartOffset,
    abortedTransactions,
    records: read.records,
  }
}
