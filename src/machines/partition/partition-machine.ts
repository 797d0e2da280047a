import { initialContext } from './context.js'
import { partitionSetup } from './partition-setup.js'

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
export const partitionMachine = partitionSetup.createMachine({
  id: 'partition',
  context: ({ input }) => initialContext(input),
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
