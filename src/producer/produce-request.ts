import { StreamBusError } from '../domain/errors.js'
import { partitionKey } from '../domain/topic-partition.js'
import type { ResponseBody } from '../transport/protocol/registry.js'
import type { RequestMaker } from '../transport/transport.js'
import type { Batch } from './batch.js'

/** A batch on its way in a request: the bytes may not change under a request that is being sent. */
export interface Loaded {
  readonly batch: Batch
  readonly topicId: string
  readonly bytes: Buffer
}

export interface PartitionResult {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly baseOffset: number
  readonly logAppendTimeMs: number
}

const TOPIC_IDS_SINCE = 13

/** One request for several partitions, at most one batch each (Kafka takes no more). */
export const produceRequest =
  (
    loaded: readonly Loaded[],
    options: { readonly acks: -1 | 0 | 1; readonly timeoutMs: number },
  ): RequestMaker<'Produce'> =>
  (version) => {
    const byTopic = new Map<string, Loaded[]>()
    for (const each of loaded) {
      const { topic } = each.batch.queue
      const group = byTopic.get(topic)
      if (group === undefined) byTopic.set(topic, [each])
      else group.push(each)
    }
    return {
      acks: options.acks,
      timeoutMs: options.timeoutMs,
      topicData: [...byTopic].map(([name, group]) => ({
        ...(version >= TOPIC_IDS_SINCE ? { topicId: group[0]!.topicId } : { name }),
        partitionData: group.map(({ batch, bytes }) => ({
          index: batch.queue.partition,
          records: bytes,
        })),
      })),
    }
  }

/** What the answer says of each batch; undefined for one that it leaves out. */
export const produceResults = (
  loaded: readonly Loaded[],
  body: ResponseBody<'Produce'>,
): (PartitionResult | undefined)[] => {
  const found = new Map<string, PartitionResult>()
  for (const { name, topicId, partitionResponses } of body.responses) {
    // Before version 13 the id is all zeroes, from then on the name is empty.
    const topic = name === '' ? topicId : name
    for (const each of partitionResponses) {
      const detail = each.recordErrors.find(({ batchIndexErrorMessage }) => batchIndexErrorMessage)
      const errorMessage = each.errorMessage ?? detail?.batchIndexErrorMessage ?? null
      found.set(partitionKey(topic, each.index), { ...each, errorMessage })
    }
  }
  return loaded.map(
    ({ batch: { queue }, topicId }) =>
      found.get(partitionKey(queue.topic, queue.partition)) ??
      found.get(partitionKey(topicId, queue.partition)),
  )
}

export const unanswered = (batch: Batch): StreamBusError => {
  const { topic, partition } = batch.queue
  return new StreamBusError(
    'MALFORMED_MESSAGE',
    `send to ${topic}-${partition}: the broker's answer leaves this partition out`,
    { topic, partition },
  )
}
