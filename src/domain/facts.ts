/** Partitions are named `topic-partition`; offsets are those of records, ends included. */
type Partitions = readonly string[]
export type OffsetsByPartition = Readonly<Record<string, number>>

/** Of a process and the consumer in it. */
export type ProcessFact =
  | { readonly fact: 'start' }
  /** `close` was called. */
  | { readonly fact: 'stop' }
  /** `close` has settled. */
  | { readonly fact: 'left'; readonly inTime: boolean }
  /** `kill`: the system closes its sockets. `power`: nobody hears of it. */
  | { readonly fact: 'crash'; readonly how: 'kill' | 'power' }
  /** It runs nothing for so long: stopped, or its event loop blocked. */
  | { readonly fact: 'hold'; readonly ms: number }
  | { readonly fact: 'release' }
  /** Timers fire late by up to this much. */
  | { readonly fact: 'late'; readonly ms: number }
  | { readonly fact: 'error'; readonly code: string; readonly where?: string }
  | { readonly fact: 'failed'; readonly code: string }

/** Ownership: from `assign` (told to the application) to the end of its revoke, or its loss. */
export type OwnershipFact =
  | { readonly fact: 'assign'; readonly partitions: Partitions; readonly generation: number }
  | { readonly fact: 'revoke'; readonly partitions: Partitions }
  | { readonly fact: 'lost'; readonly partitions: Partitions }
  /** SyncGroup brought the member its part. */
  | {
      readonly fact: 'synced'
      readonly member: string
      readonly generation: number
      /** What it subscribes to now: it may have changed since the leader decided. */
      readonly topics: readonly string[]
      readonly partitions: Partitions
    }
  | {
      readonly fact: 'callback'
      readonly name: 'assigned' | 'revoked' | 'lost'
      readonly phase: 'begin' | 'end' | 'threw'
    }
  | { readonly fact: 'flow'; readonly do: 'pause' | 'resume'; readonly partitions: Partitions }

/** What the application got and finished. */
export type RecordFact =
  | {
      readonly fact: 'deliver'
      readonly partition: string
      readonly first: number
      readonly last: number
      /** Which records these are, whatever their offsets: runs of consecutive record numbers. */
      readonly ids: readonly (readonly [number, number])[]
    }
  | {
      readonly fact: 'done'
      readonly partition: string
      readonly first: number
      readonly last: number
    }
  /** Where reading begins: the committed offset, a logged reset, or the application's seek. */
  | {
      readonly fact: 'position'
      readonly partition: string
      readonly offset: number
      readonly from: 'committed' | 'reset' | 'seek'
    }
  /** The simulated application's own code threw. */
  | { readonly fact: 'handler.failed'; readonly where: string; readonly what: string }
  /** The application's own offsets: it answers for them. */
  | { readonly fact: 'declare'; readonly offsets: OffsetsByPartition }
  | {
      readonly fact: 'commit.sent'
      readonly generation: number
      readonly offsets: OffsetsByPartition
    }

/** Told by the broker about its group. Member ids are numbered in order of appearance. */
export type GroupFact =
  | {
      readonly fact: 'group'
      readonly group: string
      readonly state: string
      readonly generation: number
      readonly members: readonly string[]
    }
  | {
      readonly fact: 'commit'
      readonly by: string
      readonly member: string
      readonly generation: number
      /** What the coordinator was at when it decided. */
      readonly coordinator: { readonly generation: number; readonly isMember: boolean }
      readonly accepted: OffsetsByPartition
      readonly refused: Readonly<Record<string, string>>
    }
  /** The answer to OffsetFetch; -1: none. */
  | { readonly fact: 'offsets'; readonly by: string; readonly committed: OffsetsByPartition }
  /** What the group leader decided, and for whom. */
  | {
      readonly fact: 'target'
      readonly generation: number
      readonly strategy: string
      readonly assigned: Readonly<Record<string, Partitions>>
      readonly subscribed: Readonly<Record<string, readonly string[]>>
      /** As claimed in the subscriptions: only these may be withheld for one round. */
      readonly owned: Readonly<Record<string, Partitions>>
      readonly partitions: Readonly<Record<string, number>>
    }
  /** It was let go of, to be read again: its coordinator moved. */
  | { readonly fact: 'group.unloaded'; readonly group: string }
  | { readonly fact: 'rebalanced'; readonly generation: number; readonly causes: readonly string[] }

export interface StoredGroupFact {
  readonly generation: number
  readonly members: readonly string[]
}

/** Told by the broker about its logs and its store. */
export type StoreFact =
  | { readonly fact: 'topic'; readonly topic: string; readonly partitions: number }
  | {
      readonly fact: 'ack'
      readonly by: string
      readonly partition: string
      readonly first: number
      readonly last: number
      readonly ids: readonly (readonly [number, number])[]
    }
  | {
      readonly fact: 'read'
      readonly by: string
      readonly partition: string
      readonly first: number
      readonly last: number
      readonly highWatermark: number
    }
  | {
      readonly fact: 'write'
      readonly write: number
      readonly groups?: Readonly<Record<string, StoredGroupFact>>
      readonly offsets?: OffsetsByPartition
      /** Last offset by partition. */
      readonly logs?: OffsetsByPartition
    }
  /** Everything up to this write is durable. */
  | { readonly fact: 'flush'; readonly write: number }
  | { readonly fact: 'store.failed'; readonly why: string }
  | { readonly fact: 'broker.up' }
  | { readonly fact: 'broker.down' }

/**
 * `safety`: the script with its faults. `heal`: they end. `liveness`: the group comes to rest.
 * `quiet`: it stays so. `closing`: all members leave. `end`.
 */
export type Phase = 'safety' | 'heal' | 'liveness' | 'quiet' | 'closing' | 'end'

/** Told by whoever runs a simulation. */
export type WorldFact =
  | { readonly fact: 'phase'; readonly phase: Phase }
  | { readonly fact: 'fault'; readonly step: unknown }
  | { readonly fact: 'resources'; readonly counts: Readonly<Record<string, number>> }
  | { readonly fact: 'unsettled'; readonly what: string }
  /** Something of ours threw or said that it is broken. */
  | { readonly fact: 'defect'; readonly what: string }

export type Fact = ProcessFact | OwnershipFact | RecordFact | GroupFact | StoreFact | WorldFact
export type FactName = Fact['fact']
export type FactOf<N extends FactName> = Extract<Fact, { readonly fact: N }>
