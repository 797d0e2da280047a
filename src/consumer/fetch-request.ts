import type { RequestInput } from '../transport/protocol/registry.js'
import { groupByTopic } from '../transport/requests/list-offsets.js'
import type { ClusterView } from '../transport/transport.js'
import type { ConsumerConfig } from './config.js'
import type { NodeFetch } from './fetch-plan.js'

/** Kafka's Uuid.ZERO_UUID: the broker gave this topic no id. */
const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
/** From version 13 on topics are named by id only (KIP-516). */
const LAST_VERSION_BY_NAME = 12

/** A Fetch without a session (id 0, epoch -1), for the partitions of one leader. */
export const fetchRequest = (
  fetch: NodeFetch,
  view: ClusterView,
  config: ConsumerConfig,
): { readonly input: RequestInput<'Fetch'>; readonly maxVersion: number | undefined } => {
  let everyTopicHasId = true
  const topics = groupByTopic(fetch.slots).map(([topic, slots]) => {
    const topicView = view.topics.get(topic)
    const topicId = topicView?.topicId ?? NO_TOPIC_ID
    if (topicId === NO_TOPIC_ID) everyTopicHasId = false
    return {
      topic,
      topicId,
      partitions: slots.map((slot) => ({
        partition: slot.partition,
        currentLeaderEpoch: topicView?.partitions[slot.partition]?.leaderEpoch ?? -1,
        fetchOffset: slot.offsets.fetch,
        partitionMaxBytes: config.maxPartitionFetchBytes,
      })),
    }
  })
  return {
    input: {
      maxWaitMs: fetch.maxWaitMs,
      minBytes: config.fetchMinBytes,
      maxBytes: fetch.maxBytes,
      isolationLevel: config.isolationLevel === 'read_committed' ? 1 : 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics,
      rackId: config.rackId ?? '',
    },
    maxVersion: everyTopicHasId ? undefined : LAST_VERSION_BY_NAME,
  }
}
