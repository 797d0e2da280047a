import { StreamBusError } from '../../domain/errors.js'

export const unreachable = (address: string, why: string, cause?: unknown): StreamBusError =>
  new StreamBusError('BROKER_UNREACHABLE', `cannot reach the broker at ${address}: ${why}`, {
    broker: address,
    retriable: true,
    cause,
  })
