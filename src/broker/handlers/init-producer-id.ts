import * as Effect from 'effect/Effect'
import { errorCode, type KafkaErrorName } from '../../transport/protocol/kafka-errors.js'
import type { ResponseInput } from '../../transport/protocol/registry.js'
import type { BrokerParts } from '../broker-parts.js'
import type { Handler } from '../handler.js'

/**
 * InitProducerId, key 22. An idempotent producer always gets a fresh id with epoch 0, whatever id
 * and epoch it had (as Kafka does: epochs are bumped by transactions only, or by the client itself).
 * The embedded broker has no transactions: a transactional id is refused with
 * TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which every client takes as final, where an unavailable
 * coordinator would be asked again for ever.
 */
export const initProducerId =
  ({ producerIds, logger }: BrokerParts): Handler<'InitProducerId'> =>
  ({ transactionalId, producerId, producerEpoch }, { clientId }) => {
    if (transactionalId !== null) {
      if (transactionalId === '') return Effect.succeed(refused('INVALID_REQUEST'))
      const fields = { transactionalId, clientId }
      logger.warn(
        fields,
        'refused a transactional producer: the embedded broker has no transactions',
      )
      return Effect.succeed(refused('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'))
    }
    if ((producerId === -1n) !== (producerEpoch === -1)) {
      return Effect.succeed(refused('INVALID_REQUEST'))
    }
    return Effect.map(producerIds.take, (fresh) =>
      fresh === undefined
        ? refused('KAFKA_STORAGE_ERROR')
        : { errorCode: 0, producerId: fresh, producerEpoch: 0 },
    )
  }

const refused = (error: KafkaErrorName): ResponseInput<'InitProducerId'> => ({
  errorCode: errorCode(error),
  producerId: -1n,
  producerEpoch: -1,
})
