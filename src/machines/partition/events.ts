import type { ErrorInfo } from '../../domain/membership.js'

/** Control events only, and at most two per fetched batch. */
export type PartitionEvent =
  | {
      readonly type: 'position.resolved'
      readonly offset: number
      readonly from: 'committed' | 'reset' | 'seek'
    }
  /** Records wait for the application where none did. */
  | { readonly type: 'buffer.filled' }
  | { readonly type: 'buffer.emptied' }
  | { readonly type: 'pause' }
  /** `buffered`: records are waiting. */
  | { readonly type: 'resume'; readonly buffered: boolean }
  /** The position is open again: a seek to a place to look up, or an offset out of range. */
  | { readonly type: 'position.lost' }
  | { readonly type: 'revoke' }
  | { readonly type: 'release' }
  | { readonly type: 'lose' }
  | { readonly type: 'fail'; readonly error: ErrorInfo }
