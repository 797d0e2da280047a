import type { Candidate, ChartConfig, Invoke, StateConfig } from './chart-config.js'

/** A state by the names that lead to it from the root; the root's path is empty. */
export type Path = readonly string[]

/** Where a list of candidate transitions stands. */
export interface Slot {
  readonly state: Path
  readonly kind: 'on' | 'after' | 'always' | 'done' | 'invoke.done' | 'invoke.error'
  /** The event, the delay or the invoke's id; empty where there is only one. */
  readonly key: string
}

export const stateAt = (config: ChartConfig, path: Path): StateConfig =>
  path.reduce<StateConfig>((state, name) => state.states![name]!, config)

/** All states, the root first, parents before their children. */
export const pathsOf = (config: ChartConfig): Path[] => {
  const below = (path: Path): Path[] => [
    path,
    ...childrenOf(config, path).flatMap((child) => below(child)),
  ]
  return below([])
}

export const childrenOf = (config: ChartConfig, path: Path): Path[] =>
  Object.keys(stateAt(config, path).states ?? {}).map((name) => [...path, name])

/** The innermost state in which an entry into this one ends. */
export const leafOf = (config: ChartConfig, path: Path): Path => {
  const { initial } = stateAt(config, path)
  return initial === undefined ? path : leafOf(config, [...path, initial])
}

/** What a target means, written in a given state: `#id.a.b`, `.child` or a sibling's name. */
export const resolve = (state: Path, target: string): Path => {
  if (target.startsWith('#')) return target.split('.').slice(1)
  if (target.startsWith('.')) return [...state, ...target.slice(1).split('.')]
  return [...state.slice(0, -1), ...target.split('.')]
}

export const targetOf = (config: ChartConfig, path: Path): string =>
  `#${[config.id, ...path].join('.')}`

export const nameOf = (path: Path): string => path.join('.')

const keysOf = (record: Record<string, unknown> | undefined): string[] => Object.keys(record ?? {})

export const slotsOf = (config: ChartConfig, path: Path): Slot[] => {
  const { on, after, always, onDone, invoke } = stateAt(config, path)
  const slot = (kind: Slot['kind'], key = ''): Slot => ({ state: path, kind, key })
  return [
    ...keysOf(on).map((event) => slot('on', event)),
    ...(always === undefined ? [] : [slot('always')]),
    ...keysOf(after).map((delay) => slot('after', delay)),
    ...(onDone === undefined ? [] : [slot('done')]),
    ...(invoke ?? []).flatMap((each) => [
      ...(each.onDone === undefined ? [] : [slot('invoke.done', idOf(each))]),
      ...(each.onError === undefined ? [] : [slot('invoke.error', idOf(each))]),
    ]),
  ]
}

export const idOf = ({ id, src }: Invoke): string => id ?? src

const invokeOf = (state: StateConfig, key: string): Invoke =>
  state.invoke!.find((each) => idOf(each) === key)!

export const candidatesOf = (config: ChartConfig, { state, kind, key }: Slot): Candidate[] => {
  const at = stateAt(config, state)
  switch (kind) {
    case 'on':
    case 'after':
      return at[kind]?.[key] ?? []
    case 'always':
      return at.always ?? []
    case 'done':
      return at.onDone ?? []
    case 'invoke.done':
      return invokeOf(at, key).onDone ?? []
    case 'invoke.error':
      return invokeOf(at, key).onError ?? []
  }
}

const FIELD = {
  always: 'always',
  done: 'onDone',
  'invoke.done': 'onDone',
  'invoke.error': 'onError',
}

/** The object and the field of it in which a slot's list stands. */
const holderOf = (
  config: ChartConfig,
  { state, kind, key }: Slot,
): [Record<string, unknown>, string] => {
  const at = stateAt(config, state)
  if (kind === 'on' || kind === 'after') {
    at[kind] ??= {}
    return [at[kind], key]
  }
  const holder: object = kind.startsWith('invoke') ? invokeOf(at, key) : at
  return [holder as Record<string, unknown>, FIELD[kind]]
}

/** Puts a list in a slot; an empty one takes the slot away, so that ancestors are asked. */
export const place = (config: ChartConfig, slot: Slot, list: Candidate[]): void => {
  const [holder, field] = holderOf(config, slot)
  if (list.length === 0) delete holder[field]
  else holder[field] = list
}

const LABEL = { done: 'done', 'invoke.done': 'done', 'invoke.error': 'error' } as const

/** `stable/on:close`, `joining.requesting/done:joinGroup`, `(root)/on:*`. */
export const labelOf = ({ state, kind, key }: Slot): string => {
  const name = kind in LABEL ? LABEL[kind as keyof typeof LABEL] : kind
  return `${nameOf(state) || '(root)'}/${name}${key === '' ? '' : `:${key}`}`
}

export const isFinal = (config: ChartConfig, path: Path): boolean =>
  stateAt(config, path).type === 'final'

/** A state that an event can find: innermost, and no unguarded `always` leads out of it. */
export const canRest = (config: ChartConfig, path: Path): boolean => {
  const { states, always } = stateAt(config, path)
  return (
    states === undefined &&
    !isFinal(config, path) &&
    !(always ?? []).some(({ guard }) => guard === undefined)
  )
}
