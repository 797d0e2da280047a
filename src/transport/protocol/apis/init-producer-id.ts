import { api } from '../api.js'
import { int16, int32, int64, string, struct } from '../schema.js'

/**
 * Gives a producer its id and epoch.
 * v2 is flexible, v3 lets a producer go on with a raised epoch (KIP-360), v4 may answer
 * PRODUCER_FENCED, v5 TRANSACTION_ABORTABLE (KIP-890). v6 (two-phase commit, KIP-939) is not
 * stable in Kafka 4.1.
 */
export const InitProducerId = api({
  key: 22,
  min: 0,
  max: 5,
  flexibleFrom: 2,
  request: struct({
    transactionalId: string({ nullable: true }),
    transactionTimeoutMs: int32(),
    producerId: int64({ since: 3, default: -1n }),
    producerEpoch: int16({ since: 3, default: -1 }),
  }),
  response: struct({
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    producerId: int64({ default: -1n }),
    producerEpoch: int16(),
  }),
})
