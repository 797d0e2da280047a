import type { ConnectionEventType, ConnectionState } from './events.js'

/** `stays` is a decision too: the event is expected there and changes no state. */
export type Decision = ConnectionState | 'stays'

/** `|` parts what a guard decides: first when it holds. */
type Row = Readonly<Record<ConnectionEventType, readonly Decision[]>>

/** Every (state, event) pair, decided on purpose; a test holds the chart to it. */
export const legalTransitions: Readonly<Record<ConnectionState, Row>> = {
  idle: {
    'connection.wanted': ['dialing'],
    'connection.lost': ['stays'],
    'address.changed': ['stays'],
    close: ['closed'],
  },
  dialing: {
    'connection.wanted': ['stays'],
    'connection.lost': ['stays'],
    'address.changed': ['dialing'],
    close: ['closed'],
  },
  negotiating: {
    'connection.wanted': ['stays'],
    'connection.lost': ['backingOff'],
    'address.changed': ['dialing'],
    close: ['closed'],
  },
  ready: {
    'connection.wanted': ['stays'],
    'connection.lost': ['backingOff'],
    'address.changed': ['stays'],
    close: ['closed'],
  },
  backingOff: {
    'connection.wanted': ['stays'],
    'connection.lost': ['stays'],
    'address.changed': ['dialing', 'idle'],
    close: ['closed'],
  },
  closed: {
    'connection.wanted': ['stays'],
    'connection.lost': ['stays'],
    'address.changed': ['stays'],
    close: ['stays'],
  },
}

/** How the outcome of an attempt, and time, move the chart. */
export const legalOutcomes = {
  dialing: { dialed: 'negotiating', unreachable: 'backingOff', defect: 'backingOff' },
  negotiating: { negotiated: 'ready', refused: 'backingOff', defect: 'backingOff' },
  backingOff: { 'time, wanted': 'dialing', 'time, not wanted': 'idle' },
} as const satisfies Partial<Record<ConnectionState, Record<string, ConnectionState>>>
