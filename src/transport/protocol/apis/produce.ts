import { api } from '../api.js'
import { array, int16, int32, offset, records, string, struct, uuid } from '../schema.js'

/**
 * Appends record batches.
 * v0-2 are advertised, as librdkafka would otherwise not compress (KAFKA-18659), but no broker
 * since Kafka 4.0 reads them. v3 has the record batch format v2 and the transactional id. v5
 * answers the log start offset, v7 allows zstd (KIP-110), v8 names bad records (KIP-467), v9 is
 * flexible, v10 points to a new leader (KIP-951), v11 and v12 concern transactions (KIP-890), v13
 * has topic ids for names.
 */
export const Produce = api({
  key: 0,
  min: 3,
  max: 13,
  advertisedMin: 0,
  flexibleFrom: 9,
  request: struct({
    transactionalId: string({ nullable: true, default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array(
      struct({
        name: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitionData: array(
          struct({
            index: int32(),
            records: records(),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    responses: array(
      struct({
        name: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitionResponses: array(
          struct({
            index: int32(),
            errorCode: int16(),
            baseOffset: offset(),
            logAppendTimeMs: offset({ default: -1 }),
            logStartOffset: offset({ since: 5, default: -1, ignorable: true }),
            recordErrors: array(
              struct({
                batchIndex: int32(),
                batchIndexErrorMessage: string({ nullable: true, default: null }),
              }),
              { since: 8, ignorable: true },
            ),
            errorMessage: string({ since: 8, nullable: true, default: null, ignorable: true }),
            currentLeader: struct(
              {
                leaderId: int32({ default: -1 }),
                leaderEpoch: int32({ default: -1 }),
              },
              { since: 10, tag: 0 },
            ),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32({ default: 0 }),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: true, default: null }),
      }),
      { since: 10, tag: 0 },
    ),
  }),
})
