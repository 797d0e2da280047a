import type { ChartConfig } from './chart-config.js'

export const operators = [
  'drop',
  'retarget',
  'add',
  'negate guard',
  'remove guard',
  'remove action',
  'swap',
  'remove invoke',
  'remove reenter',
] as const

export type Operator = (typeof operators)[number]

/** A change in one place of a chart, e.g. `stable/on:close/drop`. */
export interface Change {
  /** Readable, and the same as long as that place of the chart is. */
  readonly id: string
  readonly operator: Operator
  /** Changes a config that is its own copy. */
  readonly apply: (config: ChartConfig) => void
}

/** FNV-1a: the same draw for the same text, wherever and whenever. */
export const draw = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

/** A sample that is the same each time. */
export const drawn = <T extends { readonly id: string }>(
  all: readonly T[],
  most: number,
  seed = '',
): T[] => all.toSorted((a, b) => draw(seed + a.id) - draw(seed + b.id)).slice(0, most)

/** How many of the possible additions are tried in each place. */
export const fewOf = (changes: readonly Change[]): Change[] => drawn(changes, 2)
