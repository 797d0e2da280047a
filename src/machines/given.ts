import type { ActorLogic, ActorSystem, EventObject, Snapshot } from 'xstate'

// biome-ignore lint/suspicious/noExplicitAny: XState's own name for "any system".
type AnySystem = ActorSystem<any>

/** The shape of I/O that the host gives to a machine: an input, an output, no protocol. */
export type Given<Output, Input> = ActorLogic<
  Snapshot<Output> & { readonly input: Input | undefined },
  EventObject,
  Input,
  AnySystem
>

/**
 * Stands in a machine's `actors` for I/O that its host provides. It can be described, drawn and
 * stepped purely, but not started: a machine run without its I/O is a defect.
 */
export const given = <Output, Input>(name: string): Given<Output, Input> => ({
  getInitialSnapshot: (_, input) => ({
    status: 'active',
    output: undefined,
    error: undefined,
    input,
  }),
  start: () => {
    throw new Error(`StreamBus defect: the host did not provide the actor '${name}'`)
  },
  transition: (snapshot) => snapshot,
  getPersistedSnapshot: (snapshot) => snapshot,
})
