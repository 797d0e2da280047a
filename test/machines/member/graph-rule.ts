import { keyOf } from '../../../src/domain/topic-partition.js'
import type { Checks, Rule } from '../rule.js'
import type { Edge, Watch } from './exploration.js'
import type { MemberChart } from './member-chart.js'
import { pathOf, type Snapshot } from './member-snapshot.js'

/** A rule of each place or step by itself, which can be looked at while the chart is explored. */
export interface GraphRule extends Rule<MemberChart> {
  readonly place?: (node: Snapshot) => boolean
  readonly edge?: (edge: Edge) => boolean
}

/** A few show what is wrong as well as a thousand do. */
const MOST_SHOWN = 10

export const where = (snapshot: Snapshot): string =>
  `${pathOf(snapshot.value)} ${JSON.stringify(snapshot.context)}`

export const showEdge = ({ from, event, to }: Edge): string =>
  `${where(from)} + ${JSON.stringify(event)} -> ${where(to)}`

export const held = ({ context }: Snapshot): string[] => context.owned.map(keyOf)

const pick = <T>(list: readonly T[], holds: (one: T) => boolean, show: (one: T) => string) =>
  list
    .filter((one) => !holds(one))
    .slice(0, MOST_SHOWN)
    .map(show)

/** A rule about places or edges of which there are none says nothing. */
const noneOf = <T>(list: readonly T[], concerns: (one: T) => boolean): string[] =>
  list.some(concerns) ? [] : ['it concerns nothing that is reached']

/** It holds in every place that it concerns, and there are such. */
export const inEveryPlace = (
  name: string,
  concerns: (node: Snapshot) => boolean,
  holds: (node: Snapshot) => boolean,
): GraphRule => {
  const place = (node: Snapshot): boolean => !concerns(node) || holds(node)
  return {
    name,
    place,
    faults: ({ explored: { nodes } }) => [...pick(nodes, place, where), ...noneOf(nodes, concerns)],
  }
}

/** It holds of every step that it concerns, and there are such. */
export const inEveryStep = (
  name: string,
  concerns: (edge: Edge) => boolean,
  holds: (edge: Edge) => boolean,
): GraphRule => {
  const edge = (one: Edge): boolean => !concerns(one) || holds(one)
  return {
    name,
    edge,
    faults: ({ explored: { edges } }) => [
      ...pick(edges, edge, showEdge),
      ...noneOf(edges, concerns),
    ],
  }
}

/** For the rules to be looked at on the way: the first one broken ends the exploration. */
export const watchFor = (checks: Checks<MemberChart>): Watch => {
  const rules = Object.entries(checks).flatMap(([check, book]) =>
    Object.values(book)
      .flat()
      .map((rule): GraphRule & { readonly check: string } => ({ ...rule, check })),
  )
  const places = rules.filter(({ place }) => place !== undefined)
  const edges = rules.filter(({ edge }) => edge !== undefined)
  return {
    place: (node) => {
      const broken = places.find(({ place }) => !place!(node))
      return broken && { check: broken.check, what: `${broken.name}: ${where(node)}` }
    },
    edge: (edge) => {
      const broken = edges.find((rule) => !rule.edge!(edge))
      return broken && { check: broken.check, what: `${broken.name}: ${showEdge(edge)}` }
    },
  }
}
