import { assign, setup } from 'xstate'
import type { ErrorInfo } from '../../domain/membership.js'

export interface PartitionInput {
  readonly topic: string
  readonly partition: number
  /** The generation under which the partition is owned; -1 without a group. */
  readonly generation: number
  readonly paused: boolean
}

/** Plain JSON. Buffers and moving offsets live beside the actor, in the consumer. */
export interface PartitionContext extends PartitionInput {
  /** Where fetching began after the last resolve or seek. */
  readonly startOffset: number | null
  readonly startedFrom: 'committed' | 'reset' | 'seek' | null
  readonly error: ErrorInfo | null
}

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

const base = setup({
  types: {
    context: {} as PartitionContext,
    events: {} as PartitionEvent,
    input: {} as PartitionInput,
  },
  guards: {
    isPauseAsked: ({ context }) => context.paused,
    hasBuffered: ({ event }) => event.type === 'resume' && event.buffered,
  },
  actions: {
    takePosition: assign(({ event }) =>
      event.type === 'position.resolved'
        ? { startOffset: event.offset, startedFrom: event.from }
        : {},
    ),
    askPause: assign({ paused: true }),
    dropPause: assign({ paused: false }),
    takeError: assign(({ event }) => (event.type === 'fail' ? { error: event.error } : {})),
    dropError: assign({ error: null }),
    recordIgnored: (): void => {},
  },
})

const ending = {
  revoke: { target: 'draining' },
  lose: { target: 'lost' },
  release: { target: 'released' },
  fail: { target: 'failed', actions: 'takeError' },
} as const

/**
 * One owned partition, from its assignment to its release or loss: where it starts, whether it
 * fetches, has records waiting or is paused. It sees control events, never records.
 */
export const partitionMachine = base.createMachine({
  id: 'partition',
  context: ({ input }) => ({ ...input, startOffset: null, startedFrom: null, error: null }),
  initial: 'resolving',
  on: { '*': { actions: 'recordIgnored' } },
  states: {
    /** The committed offset, or what `offsetReset` says when there is none. */
    resolving: {
      on: {
        ...ending,
        'position.resolved': [
          { guard: 'isPauseAsked', target: 'paused', actions: 'takePosition' },
          { target: 'fetching', actions: 'takePosition' },
        ],
        'position.lost': {},
        pause: { actions: 'askPause' },
        resume: { actions: 'dropPause' },
        // A late word about a buffer that a seek threw away.
        'buffer.emptied': {},
      },
    },
    fetching: {
      on: {
        ...ending,
        'buffer.filled': { target: 'buffered' },
        'buffer.emptied': {},
        'position.lost': { target: 'resolving' },
        'position.resolved': { actions: 'takePosition' },
        pause: { target: 'paused', actions: 'askPause' },
        resume: {},
      },
    },
    buffered: {
      on: {
        ...ending,
        'buffer.emptied': { target: 'fetching' },
        'buffer.filled': {},
        'position.lost': { target: 'resolving' },
        'position.resolved': { target: 'fetching', actions: 'takePosition' },
        pause: { target: 'paused', actions: 'askPause' },
        resume: {},
      },
    },
    /** Neither fetched nor handed out; what is buffered may stay or be dropped and fetched again. */
    paused: {
      on: {
        ...ending,
        resume: [
          { guard: 'hasBuffered', target: 'buffered', actions: 'dropPause' },
          { target: 'fetching', actions: 'dropPause' },
        ],
        pause: {},
        'buffer.filled': {},
        'buffer.emptied': {},
        'position.lost': { target: 'resolving' },
        'position.resolved': { actions: 'takePosition' },
      },
    },
    /** Being revoked: nothing more is handed out, what was handed out may still be finished. */
    draining: {
      on: {
        release: { target: 'released' },
        lose: { target: 'lost' },
        fail: {},
        revoke: {},
        pause: {},
        resume: {},
        'buffer.filled': {},
        'buffer.emptied': {},
        'position.resolved': {},
        'position.lost': {},
      },
    },
    /** It cannot be read on: `context.error` names the place. The group keeps its other partitions. */
    failed: {
      on: {
        revoke: { target: 'draining' },
        release: { target: 'released' },
        lose: { target: 'lost' },
        fail: {},
        pause: { actions: 'askPause' },
        resume: { actions: 'dropPause' },
        'buffer.filled': {},
        'buffer.emptied': {},
        // A seek past the trouble starts it anew.
        'position.resolved': [
          { guard: 'isPauseAsked', target: 'paused', actions: ['takePosition', 'dropError'] },
          { target: 'fetching', actions: ['takePosition', 'dropError'] },
        ],
        'position.lost': { target: 'resolving', actions: 'dropError' },
      },
    },
    released: { type: 'final' },
    lost: { type: 'final' },
  },
})

export type PartitionMachine = typeof partitionMachine
