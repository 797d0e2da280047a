import {
  type AnyStateMachine,
  type EventFromLogic,
  type ExecutableActionObject,
  type SnapshotFrom,
  transition,
} from 'xstate'

/**
 * XState's pure `transition` makes an actor for each step, which computes an initial snapshot that
 * nobody looks at, and without the input that our charts need: an exception with its stack, each
 * time. This logic, otherwise the machine's own, begins with the snapshot that is stepped anyway.
 */
export const stepper = <M extends AnyStateMachine>(machine: M) => {
  let current: SnapshotFrom<M>
  const logic = Object.assign(Object.create(machine) as M, {
    getInitialSnapshot: () => current,
  })
  return (
    snapshot: SnapshotFrom<M>,
    event: EventFromLogic<M>,
  ): readonly [SnapshotFrom<M>, readonly ExecutableActionObject[]] => {
    current = snapshot
    return transition(logic, snapshot, event) as unknown as [
      SnapshotFrom<M>,
      ExecutableActionObject[],
    ]
  }
}
