import { connectionSetup } from './connection-setup.js'
import { initialContext } from './context.js'

/**
 * One connection to one broker. It is dialed when a request wants it, negotiates versions, and
 * after a loss stays away for a while: also after the loss of a ready connection, since a broker
 * that accepts and hangs up would otherwise be dialed in a tight loop (Kafka's NetworkClient does
 * the same). Requests and responses pass by the machine; it sees only what becomes of the stream.
 */
export const connectionMachine = connectionSetup.createMachine({
  id: 'connection',
  context: ({ input }) => initialContext(input),
  initial: 'idle',
  on: { close: '.closed' },
  states: {
    idle: {
      on: {
        'connection.wanted': 'dialing',
        'connection.lost': {},
        'address.changed': {},
      },
    },
    dialing: {
      entry: ['dropStream', 'noteUnwanted'],
      invoke: {
        src: 'dial',
        id: 'dial',
        onDone: [
          { guard: 'isDialed', target: 'negotiating' },
          { target: 'backingOff', actions: 'countFailure' },
        ],
        onError: { target: 'backingOff', actions: 'countDefect' },
      },
      on: {
        'connection.wanted': {},
        'connection.lost': {},
        'address.changed': { target: 'dialing', reenter: true },
      },
    },
    negotiating: {
      invoke: {
        src: 'negotiate',
        id: 'negotiate',
        onDone: [
          { guard: 'isNegotiated', target: 'ready' },
          { target: 'backingOff', actions: 'countFailure' },
        ],
        onError: { target: 'backingOff', actions: 'countDefect' },
      },
      on: {
        'connection.wanted': {},
        'connection.lost': { target: 'backingOff', actions: 'countFailure' },
        'address.changed': 'dialing',
      },
    },
    ready: {
      entry: ['forgetFailures', 'announceReady'],
      on: {
        'connection.wanted': {},
        'connection.lost': { target: 'backingOff', actions: 'countFailure' },
        // A stream that works is kept: a listener may be advertised under several names. When the
        // broker has really moved, the stream is lost, and the next attempt dials the new address.
        'address.changed': {},
      },
    },
    backingOff: {
      entry: ['dropStream', 'noteUnwanted', 'announceFailure'],
      after: {
        reconnectBackoff: [{ guard: 'isWanted', target: 'dialing' }, { target: 'idle' }],
      },
      on: {
        'connection.wanted': { actions: 'noteWanted' },
        'connection.lost': {},
        'address.changed': [
          { guard: 'isWanted', target: 'dialing', actions: 'forgetFailures' },
          { target: 'idle', actions: 'forgetFailures' },
        ],
      },
    },
    closed: {
      type: 'final',
      entry: ['dropStream', 'announceClosed'],
    },
  },
})

export type ConnectionMachine = typeof connectionMachine
