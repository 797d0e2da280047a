import type { ErrorInfo } from '../../domain/membership.js'

/** A failed attempt or a lost connection; `jitter` is the host's draw in [0, 1). */
export interface ConnectionFailure {
  readonly error: ErrorInfo
  readonly jitter: number
}

/** What reaches a connection from its host. No request ever does. */
export type ConnectionEvent =
  /** A request waits for the connection. */
  | { readonly type: 'connection.wanted' }
  /** The byte stream ended, or what came over it could not be trusted. */
  | ({ readonly type: 'connection.lost' } & ConnectionFailure)
  /** The broker is known under another address now. */
  | { readonly type: 'address.changed' }
  | { readonly type: 'close' }

export type ConnectionState = 'idle' | 'dialing' | 'negotiating' | 'ready' | 'backingOff' | 'closed'

export type ConnectionEventType = ConnectionEvent['type']

export type DialOutcome =
  | { readonly tag: 'dialed' }
  | ({ readonly tag: 'unreachable' } & ConnectionFailure)

export type NegotiateOutcome =
  | { readonly tag: 'negotiated' }
  | ({ readonly tag: 'refused' } & ConnectionFailure)
