import { assign, setup } from 'xstate'
import type { PartitionContext, PartitionInput } from './context.js'
import type { PartitionEvent } from './events.js'

/** The vocabulary of the partition chart. */
export const partitionSetup = setup({
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
