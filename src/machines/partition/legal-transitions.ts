import type { PartitionEvent } from './events.js'

export type PartitionState =
  | 'resolving'
  | 'fetching'
  | 'buffered'
  | 'paused'
  | 'draining'
  | 'failed'
  | 'released'
  | 'lost'

/**
 * Another state; `stays`: expected there, and changes at most the context; `ignored`: out of place
 * there, recorded by the host.
 */
export type Decision = PartitionState | 'stays' | 'ignored'

type Row = Readonly<Record<PartitionEvent['type'], readonly Decision[]>>

const stays = ['stays'] as const

const ending = {
  revoke: ['draining'],
  release: ['released'],
  lose: ['lost'],
  fail: ['failed'],
} as const

const ended: Row = {
  'position.resolved': stays,
  'position.lost': stays,
  'buffer.filled': stays,
  'buffer.emptied': stays,
  pause: stays,
  resume: stays,
  revoke: stays,
  release: stays,
  lose: stays,
  fail: stays,
}

/**
 * Every pair of state and event, decided on purpose. Where a row lists several decisions, guards
 * decide; each listed one does occur.
 */
export const legalTransitions: Readonly<Record<PartitionState, Row>> = {
  resolving: {
    ...ending,
    'position.resolved': ['fetching', 'paused'],
    'position.lost': stays,
    // Records of no position: an answer that a seek overtook must never be taken.
    'buffer.filled': ['ignored'],
    'buffer.emptied': stays,
    pause: stays,
    resume: stays,
  },
  fetching: {
    ...ending,
    'position.resolved': stays,
    'position.lost': ['resolving'],
    'buffer.filled': ['buffered'],
    'buffer.emptied': stays,
    pause: ['paused'],
    resume: stays,
  },
  buffered: {
    ...ending,
    'position.resolved': ['fetching'],
    'position.lost': ['resolving'],
    'buffer.filled': stays,
    'buffer.emptied': ['fetching'],
    pause: ['paused'],
    resume: stays,
  },
  paused: {
    ...ending,
    'position.resolved': stays,
    'position.lost': ['resolving'],
    'buffer.filled': stays,
    'buffer.emptied': stays,
    pause: stays,
    resume: ['fetching', 'buffered'],
  },
  draining: { ...ended, release: ['released'], lose: ['lost'] },
  failed: {
    ...ended,
    'position.resolved': ['fetching', 'paused'],
    'position.lost': ['resolving'],
    revoke: ['draining'],
    release: ['released'],
    lose: ['lost'],
  },
  released: ended,
  lost: ended,
}
