import * as Effect from 'effect/Effect'
import { encodeBatch } from '../../transport/protocol/records/batch-writer.js'
import { completeRequest, validVersions } from '../../transport/protocol/registry.js'
import type { SimulatedCluster } from '../cluster/cluster.js'
import { type MakeRecord, recordOf } from './records.js'
import type { Send } from './source.js'

const BY = 'world'

/** Hands batches to the broker without a network and without a producer: the cheap way. */
export const directSend =
  (cluster: SimulatedCluster, make: MakeRecord): Send =>
  ({ topic, partition, firstId, count }, acknowledged) => {
    const topicId = cluster.isUp ? cluster.broker.topics.byName(topic)?.topicId : undefined
    if (topicId === undefined) return
    const timestampMs = cluster.runtime.clock.now()
    const records = Array.from({ length: count }, (_, index) => {
      return { ...recordOf(make, { topic, partition, id: firstId + index }), timestampMs }
    })
    const partitionData = [{ index: partition, records: encodeBatch(records, {}) }]
    const body = completeRequest('Produce', {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: topic, topicId, partitionData }],
    })
    const context = { apiVersion: validVersions('Produce').max, clientId: BY, clientHost: BY }
    cluster.runtime.run(
      Effect.map(cluster.broker.handle('Produce', body, context), (answer) => {
        const result = answer?.responses[0]?.partitionResponses[0]
        if (result?.errorCode === 0) acknowledged(result.baseOffset, BY)
      }),
    )
  }
