import { api } from '../api.js'
import { array, bool, int8, int16, int32, string, struct, uuid } from '../schema.js'

/**
 * Creates topics.
 * v2 is the oldest that Kafka 4 reads. v4 takes -1 partitions and replicas for the broker's
 * defaults (KIP-464), v5 is flexible and answers the configuration (KIP-525), v6 may be throttled
 * (KIP-599), v7 answers the topic id.
 */
export const CreateTopics = api({
  key: 19,
  min: 2,
  max: 7,
  flexibleFrom: 5,
  request: struct({
    topics: array(
      struct({
        name: string(),
        numPartitions: int32(),
        replicationFactor: int16(),
        assignments: array(
          struct({
            partitionIndex: int32(),
            brokerIds: array(int32()),
          }),
        ),
        configs: array(
          struct({
            name: string(),
            value: string({ nullable: true }),
          }),
        ),
      }),
    ),
    timeoutMs: int32({ default: 60_000 }),
    validateOnly: bool({ default: false }),
  }),
  response: struct({
    throttleTimeMs: int32({ default: 0 }),
    topics: array(
      struct({
        name: string(),
        topicId: uuid({ since: 7, ignorable: true }),
        errorCode: int16(),
        errorMessage: string({ nullable: true }),
        topicConfigErrorCode: int16({ since: 5, tag: 0, ignorable: true }),
        numPartitions: int32({ since: 5, default: -1, ignorable: true }),
        replicationFactor: int16({ since: 5, default: -1, ignorable: true }),
        configs: array(
          struct({
            name: string(),
            value: string({ nullable: true }),
            readOnly: bool(),
            configSource: int8({ default: -1 }),
            isSensitive: bool(),
          }),
          { since: 5, nullable: true, ignorable: true },
        ),
      }),
    ),
  }),
})
