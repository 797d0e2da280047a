import type * as Cause from 'effect/Cause'
import { StreamBusError } from '../domain/errors.js'

/** The expected failure, or a defect as INTERNAL_ERROR: background work hands both on as values. */
export const failureOf = (cause: Cause.Cause<StreamBusError>, doing: string): StreamBusError => {
  const failed = cause.reasons.find((reason) => reason._tag === 'Fail')
  return failed?.error ?? new StreamBusError('INTERNAL_ERROR', `${doing} met a defect`, { cause })
}
