import * as Effect from 'effect/Effect'
import { errorCode, type KafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import type { RequestBody, ResponseInput } from '../../transport/protocol/registry.js'
import type { RequestContext } from '../../transport/request-handler.js'
import type { BrokerParts } from '../broker-parts.js'
import { disconnect } from '../connection-context.js'
import { findLog, findTopic } from '../find-partition.js'
import type { Handler } from '../handler.js'
import type { AppendResult } from '../partition-log.js'
import { producedBatch } from '../produced-batch.js'

type Body = RequestBody<'Produce'>
type TopicData = Body['topicData'][number]
type PartitionData = TopicData['partitionData'][number]
type PartitionResult = ResponseInput<'Produce'>['responses'][number]['partitionResponses'][number]

const NO_ACKS = 0

/**
 * Produce, key 0. Topics by name up to version 12, by id in version 13. Each partition has its own
 * result. Acks 1 and -1 mean the same on a single node: the batch is committed. With acks 0 nothing
 * is answered; a failure ends the connection instead. Zstd needs version 7 (KIP-110).
 */
export const produce =
  (parts: BrokerParts): Handler<'Produce'> =>
  (body, context) => {
    const problem = requestProblem(body)
    if (problem !== undefined) {
      return Effect.succeed(
        answered(body, context, refuseAll(body, problem.error, problem.message)),
      )
    }
    if (body.acks === NO_ACKS) {
      return Effect.sync(() => {
        appendAll(parts, body, context, (topics) => {
          answered(body, context, topics)
        })
        return null
      })
    }
    return Effect.callback((resume) => {
      appendAll(parts, body, context, (topics) => {
        resume(Effect.succeed(answered(body, context, topics)))
      })
    })
  }

type Results = readonly {
  readonly topic: TopicData
  readonly results: readonly PartitionResult[]
}[]

const requestProblem = ({
  acks,
  transactionalId,
}: Body): { readonly error: KafkaErrorName; readonly message: string } | undefined => {
  if (transactionalId !== null) {
    const message = 'the embedded broker has no transactions'
    return { error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', message }
  }
  if (acks === 0 || acks === 1 || acks === -1) return undefined
  return { error: 'INVALID_REQUIRED_ACKS', message: `acks must be 0, 1 or -1 (all), not ${acks}` }
}

const refuseAll = (body: Body, error: KafkaErrorName, message: string): Results =>
  body.topicData.map((topic) => ({
    topic,
    results: topic.partitionData.map(({ index }) => failure(index, error, message)),
  }))

/**
 * Appends every partition before it returns, so that requests keep their order, and calls back
 * with all results when the last one is there.
 */
const appendAll = (
  parts: BrokerParts,
  body: Body,
  context: RequestContext,
  done: (topics: Results) => void,
): void => {
  let outstanding = 1
  const settle = (): void => {
    outstanding--
    if (outstanding === 0) done(topics)
  }
  const topics = body.topicData.map((topic) => {
    const results: PartitionResult[] = new Array(topic.partitionData.length)
    for (const [position, data] of topic.partitionData.entries()) {
      outstanding++
      append(parts, topic, data, context.apiVersion, (result) => {
        results[position] = result
        settle()
      })
    }
    return { topic, results }
  })
  settle()
}

const append = (
  parts: BrokerParts,
  { name, topicId }: TopicData,
  { index, records }: PartitionData,
  apiVersion: number,
  done: (result: PartitionResult) => void,
): void => {
  const topic = findTopic(parts.topics, { name, topicId })
  if (typeof topic === 'string') {
    done(failure(index, topic, 'this broker has no such topic'))
    return
  }
  const log = findLog(topic, index)
  if (typeof log === 'string') {
    done(failure(index, log, `topic '${topic.name}' has no partition ${index} here`))
    return
  }
  const batch = producedBatch(records, topic, log, apiVersion)
  if ('error' in batch) done(failure(index, batch.error, batch.message))
  else log.append(batch.bytes, batch.header, topic, (result) => done(resultOf(index, result)))
}

const resultOf = (index: number, result: AppendResult): PartitionResult =>
  result.type === 'refused'
    ? failure(index, result.error, result.message)
    : {
        index,
        errorCode: 0,
        baseOffset: result.baseOffset,
        logAppendTimeMs: result.logAppendTimeMs,
        logStartOffset: result.logStartOffset,
      }

const failure = (index: number, error: KafkaErrorName, errorMessage: string): PartitionResult => ({
  index,
  errorCode: errorCode(error),
  baseOffset: -1,
  errorMessage,
})

const answered = (
  body: Body,
  context: RequestContext,
  topics: Results,
): ResponseInput<'Produce'> | null => {
  if (body.acks !== NO_ACKS) {
    return {
      responses: topics.map(({ topic: { name, topicId }, results }) => ({
        name,
        topicId,
        partitionResponses: results,
      })),
    }
  }
  const failed = topics.flatMap(({ results }) => results).find((result) => result.errorCode !== 0)
  if (failed !== undefined) {
    disconnect(context, `a produce request with acks 0 failed: ${failed.errorMessage}`)
  }
  return null
}
