import { assign, setup } from 'xstate'
import { given } from '../given.js'
import { outcomeIs } from '../member/outcome.js'
import { backoffDelay, type ConnectionContext, type ConnectionInput } from './context.js'
import type { ConnectionEvent, ConnectionFailure, DialOutcome, NegotiateOutcome } from './events.js'

/** A failure is told by an event of the host or as the outcome of an attempt. */
const failureOf = (event: ConnectionEvent): ConnectionFailure => {
  const { error, jitter } =
    event.type === 'connection.lost'
      ? event
      : (event as unknown as { readonly output: ConnectionFailure }).output
  return { error, jitter }
}

const defectOf = (event: ConnectionEvent): ConnectionFailure => ({
  error: {
    code: 'INTERNAL_ERROR',
    message: `defect while connecting: ${String((event as { readonly error?: unknown }).error)}`,
  },
  jitter: 0,
})

/** The vocabulary of the connection chart. */
export const connectionSetup = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    input: {} as ConnectionInput,
  },
  actors: {
    /** Opens the byte stream; the host keeps it. */
    dial: given<DialOutcome, undefined>('dial'),
    /** Asks for the broker's API versions. */
    negotiate: given<NegotiateOutcome, undefined>('negotiate'),
  },
  guards: {
    isDialed: outcomeIs('dialed'),
    isNegotiated: outcomeIs('negotiated'),
    isWanted: ({ context }) => context.wanted,
  },
  delays: {
    reconnectBackoff: ({ context }) => backoffDelay(context),
  },
  actions: {
    countFailure: assign(({ context, event }) => ({
      ...failureOf(event),
      failures: context.failures + 1,
    })),
    countDefect: assign(({ context, event }) => ({
      ...defectOf(event),
      failures: context.failures + 1,
    })),
    forgetFailures: assign({ failures: 0, error: null }),
    noteWanted: assign({ wanted: true }),
    noteUnwanted: assign({ wanted: false }),
    /** Host: lets go of the byte stream, if there is one. */
    dropStream: (): void => {},
    /** Host: requests that waited may be sent. */
    announceReady: (): void => {},
    /** Host: requests that waited fail with the context's error. */
    announceFailure: (): void => {},
    /** Host: requests that waited fail, since nobody will dial again. */
    announceClosed: (): void => {},
  },
})
