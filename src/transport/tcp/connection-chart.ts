import type * as Effect from 'effect/Effect'
import type { ErrorInfo } from '../../domain/membership.js'
import {
  type ConnectionMachine,
  connectionMachine,
} from '../../machines/connection/connection-machine.js'
import type { DialOutcome, NegotiateOutcome } from '../../machines/connection/events.js'
import { type ChartHost, HostedChart, type Vocabulary } from '../../runtime/hosted-chart.js'

/** What a connection's chart has done for it. */
export interface ConnectionHost extends ChartHost {
  readonly dial: () => Effect.Effect<DialOutcome>
  readonly negotiate: () => Effect.Effect<NegotiateOutcome>
  readonly dropStream: () => void
  readonly announceReady: () => void
  readonly announceFailure: (error: ErrorInfo | null) => void
  readonly announceClosed: () => void
}

export const connectionChart = new HostedChart(
  connectionMachine,
  (machine: ConnectionMachine, { effect, host }: Vocabulary<ConnectionHost>) =>
    machine.provide({
      actors: {
        dial: effect(({ dial }) => dial()),
        negotiate: effect(({ negotiate }) => negotiate()),
      },
      actions: {
        dropStream: ({ self }) => host(self).dropStream(),
        announceReady: ({ self }) => host(self).announceReady(),
        announceFailure: ({ self, context }) => host(self).announceFailure(context.error),
        announceClosed: ({ self }) => host(self).announceClosed(),
      },
      // A host's effects are wider than what the chart declares to be given.
    } as Parameters<typeof connectionMachine.provide>[0]),
)
