import { StreamBusError } from '../domain/errors.js'
import type { RebalanceProtocol } from '../domain/membership.js'
import type { Assignor } from './assignor.js'
import { cooperativeStickyAssignor } from './cooperative-sticky.js'
import { rangeAssignor } from './range.js'
import { kafkajsRoundRobinAssignor, roundRobinAssignor } from './round-robin.js'
import { stickyAssignor } from './sticky.js'

/** A known name, an assignor of the user's own, or several of them in order of preference. */
export type AssignmentStrategy = string | Assignor | readonly (string | Assignor)[]

const known: ReadonlyMap<string, Assignor> = new Map(
  [
    rangeAssignor,
    roundRobinAssignor,
    stickyAssignor,
    cooperativeStickyAssignor,
    kafkajsRoundRobinAssignor,
  ].map((assignor) => [assignor.name, assignor]),
)

const invalid = (problem: string): StreamBusError =>
  new StreamBusError('INVALID_CONFIG', `assignmentStrategy: ${problem}`, {
    field: 'assignmentStrategy',
  })

const resolveOne = (strategy: unknown): Assignor => {
  if (typeof strategy === 'string') {
    const assignor = known.get(strategy)
    if (assignor !== undefined) return assignor
    const names = [...known.keys()].map((name) => `'${name}'`).join(', ')
    throw invalid(`no assignor is named ${JSON.stringify(strategy)}; use one of ${names}`)
  }
  const given = (strategy ?? {}) as Partial<Assignor>
  if (typeof given.name !== 'string' || given.name === '' || typeof given.assign !== 'function') {
    throw invalid('give a name, or an assignor with a name and an assign function')
  }
  if (given.rebalanceProtocol !== 'eager' && given.rebalanceProtocol !== 'cooperative') {
    throw invalid(`the rebalanceProtocol of '${given.name}' must be 'eager' or 'cooperative'`)
  }
  return strategy as Assignor
}

/**
 * The assignors to advertise, in order of preference.
 *
 * Eager and cooperative ones may be mixed: that is how a running group migrates from one to the
 * other (KIP-429), and `rebalanceProtocolOf` says what holds meanwhile.
 *
 * @throws StreamBusError INVALID_CONFIG (field `assignmentStrategy`) for an unknown name, a name
 *   given twice, an empty list, or something that is not an assignor
 */
export const resolveAssignors = (strategy: AssignmentStrategy): readonly Assignor[] => {
  const assignors = (Array.isArray(strategy) ? strategy : [strategy]).map(resolveOne)
  if (assignors.length === 0) throw invalid('the list is empty; name at least one assignor')
  const names = assignors.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(`'${twice}' is given twice; name each assignor once`)
  return assignors
}

/** Cooperative only if every assignor is: a member must act alike whichever the group selects. */
export const rebalanceProtocolOf = (assignors: readonly Assignor[]): RebalanceProtocol =>
  assignors.every(({ rebalanceProtocol }) => rebalanceProtocol === 'cooperative')
    ? 'cooperative'
    : 'eager'
