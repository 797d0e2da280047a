import { type ErrorAddress, StreamBusError } from '../../domain/errors.js'
import { isRetriable, kafkaErrorName } from '../protocol/kafka-errors.js'

const codes: Readonly<Record<string, StreamBusError['code']>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'UNKNOWN_TOPIC',
  UNKNOWN_TOPIC_ID: 'UNKNOWN_TOPIC',
  INVALID_TOPIC_EXCEPTION: 'UNKNOWN_TOPIC',
  TOPIC_ALREADY_EXISTS: 'TOPIC_EXISTS',
  GROUP_ID_NOT_FOUND: 'UNKNOWN_GROUP',
  NON_EMPTY_GROUP: 'GROUP_NOT_EMPTY',
  MESSAGE_TOO_LARGE: 'RECORD_TOO_LARGE',
  RECORD_LIST_TOO_LARGE: 'RECORD_TOO_LARGE',
  CORRUPT_MESSAGE: 'CORRUPT_BATCH',
  OFFSET_OUT_OF_RANGE: 'OFFSET_OUT_OF_RANGE',
  UNSUPPORTED_VERSION: 'UNSUPPORTED_VERSION',
  UNSUPPORTED_COMPRESSION_TYPE: 'UNSUPPORTED_COMPRESSION',
  TOPIC_AUTHORIZATION_FAILED: 'NOT_AUTHORIZED',
  GROUP_AUTHORIZATION_FAILED: 'NOT_AUTHORIZED',
  CLUSTER_AUTHORIZATION_FAILED: 'NOT_AUTHORIZED',
  SASL_AUTHENTICATION_FAILED: 'NOT_AUTHORIZED',
  UNKNOWN_MEMBER_ID: 'MEMBER_FENCED',
  ILLEGAL_GENERATION: 'MEMBER_FENCED',
  FENCED_INSTANCE_ID: 'MEMBER_FENCED',
  INCONSISTENT_GROUP_PROTOCOL: 'GROUP_REFUSED',
  INVALID_SESSION_TIMEOUT: 'GROUP_REFUSED',
  GROUP_MAX_SIZE_REACHED: 'GROUP_REFUSED',
  INVALID_GROUP_ID: 'GROUP_REFUSED',
}

/**
 * What a broker's error code means to a user: our stable code, Kafka's name, and whether trying
 * again can help. Never throws, also for codes that are newer than this client.
 */
export const kafkaFailure = (
  errorCode: number,
  doing: string,
  address: ErrorAddress = {},
  detail?: string | null,
): StreamBusError => {
  const kafkaError = kafkaErrorName(errorCode)
  return new StreamBusError(
    codes[kafkaError] ?? 'BROKER_ERROR',
    `${doing}: the broker answered ${kafkaError}${detail ? ` (${detail})` : ''}`,
    { ...address, kafkaError, retriable: isRetriable(errorCode) },
  )
}
