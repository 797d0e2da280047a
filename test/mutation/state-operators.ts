import type { ChartConfig } from './chart-config.js'
import {
  candidatesOf,
  canRest,
  childrenOf,
  idOf,
  labelOf,
  nameOf,
  type Path,
  pathsOf,
  place,
  type Slot,
  stateAt,
  targetOf,
} from './chart-sites.js'
import { type Change, fewOf } from './mutant.js'

const labelOfState = (path: Path): string => nameOf(path) || '(root)'

/** Another child comes first: the way in is a transition, too. */
const initials = (config: ChartConfig, path: Path): Change[] => {
  const { initial } = stateAt(config, path)
  return childrenOf(config, path)
    .map((child) => child.at(-1)!)
    .filter((name) => initial !== undefined && name !== initial)
    .map((name) => ({
      id: `${labelOfState(path)}/initial/retarget:${name}`,
      operator: 'retarget',
      apply: (copy) => {
        stateAt(copy, path).initial = name
      },
    }))
}

const entriesAndExits = (config: ChartConfig, path: Path): Change[] =>
  (['entry', 'exit'] as const).flatMap((when) =>
    (stateAt(config, path)[when] ?? []).map((action, index) => ({
      id: `${labelOfState(path)}/${when}/without:${action}`,
      operator: 'remove action' as const,
      apply: (copy: ChartConfig) => {
        const state = stateAt(copy, path)
        state[when] = state[when]!.toSpliced(index, 1)
      },
    })),
  )

const invokes = (config: ChartConfig, path: Path): Change[] =>
  (stateAt(config, path).invoke ?? []).map((invoke, index) => ({
    id: `${labelOfState(path)}/invoke:${idOf(invoke)}/drop`,
    operator: 'remove invoke',
    apply: (copy) => {
      const state = stateAt(copy, path)
      state.invoke = state.invoke!.toSpliced(index, 1)
    },
  }))

/**
 * What the state itself says about an event is changed where it says it. Else its parents are
 * asked: if none of them moves the chart, the event may begin to move it here. The root's `*`
 * only records.
 */
const isForAddition = (config: ChartConfig, path: Path, event: string): boolean => {
  const at = (length: number) =>
    candidatesOf(config, { state: path.slice(0, length), kind: 'on', key: event })
  const isMoving = [...path.keys()].some((length) => at(length).some(({ target }) => target))
  return at(path.length).length === 0 && !isMoving
}

/**
 * An event that leaves the chart in an innermost state moves it: to two of the other top-level
 * states, drawn by their id.
 */
const additions = (config: ChartConfig, path: Path, events: readonly string[]): Change[] => {
  if (!canRest(config, path)) return []
  return events
    .filter((event) => isForAddition(config, path, event))
    .flatMap((event) => {
      const slot: Slot = { state: path, kind: 'on', key: event }
      const changes = childrenOf(config, [])
        .filter(([top]) => top !== path[0])
        .map(
          (to): Change => ({
            id: `${labelOf(slot)}/add:${nameOf(to)}`,
            operator: 'add',
            apply: (copy) => place(copy, slot, [{ target: targetOf(copy, to) }]),
          }),
        )
      return fewOf(changes)
    })
}

/** Every change of a state that is not one of a transition of its own. */
export const stateChanges = (config: ChartConfig, events: readonly string[]): Change[] =>
  pathsOf(config).flatMap((path) => [
    ...initials(config, path),
    ...entriesAndExits(config, path),
    ...invokes(config, path),
    ...additions(config, path, events),
  ])
