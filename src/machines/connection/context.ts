import type { ErrorInfo } from '../../domain/membership.js'

export interface ConnectionInput {
  /** Delay before the first new attempt, in milliseconds; it doubles with each failure. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
}

/** Plain JSON: a snapshot can be stored, sent to an inspector and compared. */
export interface ConnectionContext extends ConnectionInput {
  /** Failures since the connection was last ready. */
  readonly failures: number
  /** The host's draw in [0, 1) at the last failure: it spreads the attempts of many clients. */
  readonly jitter: number
  /** A request came while backing off, so that the next attempt follows at once. */
  readonly wanted: boolean
  /** Why the last attempt failed or the connection was lost; null once it is ready again. */
  readonly error: ErrorInfo | null
}

export const initialContext = (input: ConnectionInput): ConnectionContext => ({
  ...input,
  failures: 0,
  jitter: 0,
  wanted: false,
  error: null,
})

const SPREAD = 0.2

/** Exponential, within 20 % to either side by the draw. */
export const backoffDelay = ({
  backoffMs,
  backoffMaxMs,
  failures,
  jitter,
}: ConnectionContext): number => {
  const exponential = backoffMs * 2 ** Math.min(Math.max(failures - 1, 0), 16)
  return Math.round(Math.min(exponential, backoffMaxMs) * (1 - SPREAD + 2 * SPREAD * jitter))
}
