import { not } from 'xstate'
import type { Candidate, ChartConfig } from './chart-config.js'
import {
  candidatesOf,
  childrenOf,
  labelOf,
  leafOf,
  nameOf,
  type Path,
  pathsOf,
  place,
  resolve,
  type Slot,
  slotsOf,
  targetOf,
} from './chart-sites.js'
import { type Change, fewOf, type Operator } from './mutant.js'

/** One candidate of a slot, with the label that tells it from its neighbours. */
interface Site {
  readonly slot: Slot
  readonly index: number
  readonly candidate: Candidate
  readonly label: string
}

/** By its guard, not by its place in the list: that would change with every new neighbour. */
const sitesOf = (config: ChartConfig, slot: Slot): Site[] => {
  const list = candidatesOf(config, slot)
  return list.map((candidate, index) => {
    const guard = typeof candidate.guard === 'string' ? candidate.guard : 'else'
    const label = list.length === 1 ? '' : `[${guard}]`
    return { slot, index, candidate, label: `${labelOf(slot)}${label}` }
  })
}

const allSites = (config: ChartConfig): Site[] =>
  pathsOf(config).flatMap((path) => slotsOf(config, path).flatMap((slot) => sitesOf(config, slot)))

/** A change of one candidate: what it becomes, or nothing. */
const changed = (
  { slot, index, label }: Site,
  operator: Operator,
  how: string,
  become: (candidate: Candidate) => readonly Candidate[],
): Change => ({
  id: `${label}/${how}`,
  operator,
  apply: (config) => {
    const list = candidatesOf(config, slot)
    place(config, slot, list.toSpliced(index, 1, ...become(list[index]!)))
  },
})

const drop = (site: Site): Change[] => [changed(site, 'drop', 'drop', () => [])]

/**
 * Where a transition might go by mistake: the siblings of its state, the siblings of its target,
 * and all top-level states. Targets in which it would end in the same innermost state count as
 * one, and as none where it ends there already.
 */
const otherTargets = (config: ChartConfig, from: Path, to: Path): Path[] => {
  const near = [from, to].flatMap((path) =>
    path.length === 0 ? [] : childrenOf(config, path.slice(0, -1)),
  )
  const byLeaf = new Map<string, Path>()
  for (const path of [...childrenOf(config, []), ...near]) {
    const leaf = nameOf(leafOf(config, path))
    if (!byLeaf.has(leaf)) byLeaf.set(leaf, path)
  }
  byLeaf.delete(nameOf(leafOf(config, to)))
  // To itself is the same as nowhere, which is a change of its own.
  byLeaf.delete(nameOf(from))
  return [...byLeaf.values()]
}

const withTarget = (candidate: Candidate, target: string | undefined): Candidate => {
  const { target: _, ...rest } = candidate
  return target === undefined ? rest : { ...rest, target }
}

const retarget = (site: Site, config: ChartConfig): Change[] => {
  const { slot, candidate } = site
  if (candidate.target === undefined) return []
  const to = resolve(slot.state, candidate.target)
  const retargeted = (name: string, target: string | undefined): Change =>
    changed(site, 'retarget', `retarget:${name}`, (one) => [withTarget(one, target)])
  return [
    retargeted('nowhere', undefined),
    ...otherTargets(config, slot.state, to).map((path) =>
      retargeted(nameOf(path), targetOf(config, path)),
    ),
  ]
}

/**
 * A transition that moves nothing moves the chart: to two of the other top-level states, drawn by
 * their id.
 */
const move = (site: Site, config: ChartConfig): Change[] =>
  site.candidate.target === undefined
    ? fewOf(
        childrenOf(config, [])
          .filter(([top]) => top !== site.slot.state[0])
          .map((path) =>
            changed(site, 'add', `add:${nameOf(path)}`, (one) => [
              withTarget(one, targetOf(config, path)),
            ]),
          ),
      )
    : []

const guards = (site: Site): Change[] => {
  const { guard } = site.candidate
  if (typeof guard !== 'string') return []
  return [
    changed(site, 'negate guard', `negate:${guard}`, (one) => [{ ...one, guard: not(guard) }]),
    changed(site, 'remove guard', `unguard:${guard}`, ({ guard: _, ...rest }) => [rest]),
  ]
}

const actions = (site: Site): Change[] =>
  (site.candidate.actions ?? []).map((action, index) =>
    changed(site, 'remove action', `without:${action}`, (one) => [
      { ...one, actions: one.actions!.toSpliced(index, 1) },
    ]),
  )

const reenter = (site: Site): Change[] =>
  site.candidate.reenter === true
    ? [changed(site, 'remove reenter', 'no-reenter', ({ reenter: _, ...rest }) => [rest])]
    : []

const swap = (config: ChartConfig, slot: Slot): Change[] => {
  const list = candidatesOf(config, slot)
  return list.slice(0, -1).flatMap((first, index) => {
    const second = list[index + 1]!
    if (typeof first.guard !== 'string' || typeof second.guard !== 'string') return []
    const apply = (copy: ChartConfig): void => {
      const own = candidatesOf(copy, slot)
      place(copy, slot, own.toSpliced(index, 2, own[index + 1]!, own[index]!))
    }
    const id = `${labelOf(slot)}/swap:${first.guard},${second.guard}`
    return [{ id, operator: 'swap', apply } satisfies Change]
  })
}

/** Every change of a transition that the chart has. */
export const transitionChanges = (config: ChartConfig): Change[] => [
  ...allSites(config).flatMap((site) => [
    ...drop(site),
    ...retarget(site, config),
    ...move(site, config),
    ...guards(site),
    ...actions(site),
    ...reenter(site),
  ]),
  ...pathsOf(config).flatMap((path) => slotsOf(config, path).flatMap((slot) => swap(config, slot))),
]
