import { type AnyEventObject, type AnyStateMachine, createActor } from 'xstate'

export interface PlainAction {
  readonly type: string
  readonly params?: unknown
}

/** A step gives where the machine is then, and what is to be done, as data. */
export interface Steps<Snapshot> {
  readonly initial: (input: object) => Stepped<Snapshot>
  readonly next: (snapshot: Snapshot, event: AnyEventObject) => Stepped<Snapshot>
}

type Stepped<Snapshot> = readonly [Snapshot, readonly PlainAction[]]

type Scope = Parameters<AnyStateMachine['transition']>[2]

/**
 * XState's `initialTransition` and `transition` for one machine. They are the same, but those make
 * an actor of the machine for each step, which is most of the time of a step; here all steps share
 * the one that is given.
 */
export const pureSteps = <Snapshot>(machine: AnyStateMachine, input: object): Steps<Snapshot> => {
  const self = createActor(machine, { input })
  const scopeFor = (actions: PlainAction[]): Scope =>
    ({
      self,
      system: self.system,
      id: '',
      sessionId: '',
      logger: () => {},
      defer: () => {},
      emit: () => {},
      stopChild: () => {},
      actionExecutor: (action: PlainAction) => actions.push(action),
    }) as unknown as Scope

  return {
    initial: (given) => {
      const actions: PlainAction[] = []
      return [machine.getInitialSnapshot(scopeFor(actions), given) as Snapshot, actions]
    },
    next: (snapshot, event) => {
      const actions: PlainAction[] = []
      return [machine.transition(snapshot as never, event, scopeFor(actions)) as Snapshot, actions]
    },
  }
}
