import { api } from '../api.js'
import { array, int16, int32, string, struct, uuid } from '../schema.js'

/**
 * Deletes topics.
 * v1 is the oldest that Kafka 4 reads. v4 is flexible, v5 answers messages and may be throttled
 * (KIP-599), v6 takes names or ids in `topics` (KIP-516): `topicNames` ends with v5.
 */
export const DeleteTopics = api({
  key: 20,
  min: 1,
  max: 6,
  flexibleFrom: 4,
  request: struct({
    topics: array(
      struct({
        name: string({ nullable: true, default: null }),
        topicId: uuid(),
      }),
      { since: 6 },
    ),
    topicNames: array(string(), { until: 5, ignorable: true }),
    timeoutMs: int32(),
  }),
  response: struct({
    throttleTimeMs: int32({ default: 0 }),
    responses: array(
      struct({
        name: string({ nullableSince: 6 }),
        topicId: uuid({ since: 6, ignorable: true }),
        errorCode: int16(),
        errorMessage: string({ since: 5, nullable: true, default: null, ignorable: true }),
      }),
    ),
  }),
})
