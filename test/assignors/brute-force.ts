import type { AssignorInput } from '../../src/assignors/index.js'
import { keyOf } from '../../src/domain/topic-partition.js'
import { allPartitions } from './group-fixture.js'

/** The best that any assignment can reach: the least descending load vector, then most kept. */
export interface Best {
  readonly loads: readonly number[]
  readonly kept: number
}

/** Independently of the code under test: highest generation wins, an equal claim voids it. */
export const priorOwners = ({ members }: AssignorInput): ReadonlyMap<string, string> => {
  const prior = new Map<string, string>()
  const keys = new Set(members.flatMap(({ owned }) => owned.map(keyOf)))
  for (const key of keys) {
    const claims = members.filter(({ owned }) => owned.some((tp) => keyOf(tp) === key))
    const newest = Math.max(...claims.map(({ generation }) => generation))
    const winners = claims.filter(({ generation }) => generation === newest)
    if (winners.length === 1) prior.set(key, winners[0]!.memberId)
  }
  return prior
}

/** Tries every assignment; meant for at most 4 members and 7 partitions. */
export const bruteForce = (group: AssignorInput): Best => {
  const prior = priorOwners(group)
  const choices = allPartitions(group)
    .map((tp) => ({
      eligible: group.members.flatMap(({ topics }, i) => (topics.includes(tp.topic) ? [i] : [])),
      prior: group.members.findIndex(({ memberId }) => memberId === prior.get(keyOf(tp))),
    }))
    .filter(({ eligible }) => eligible.length > 0)
  const loads = group.members.map(() => 0)
  let best: Best & { squares: number } = { loads: [], kept: -1, squares: Infinity }
  const place = (at: number, kept: number): void => {
    const choice = choices[at]
    if (choice === undefined) {
      const squares = loads.reduce((sum, load) => sum + load * load, 0)
      if (squares < best.squares || (squares === best.squares && kept > best.kept)) {
        best = { loads: [...loads].sort((a, b) => b - a), kept, squares }
      }
      return
    }
    for (const i of choice.eligible) {
      loads[i]!++
      place(at + 1, kept + (i === choice.prior ? 1 : 0))
      loads[i]!--
    }
  }
  place(0, 0)
  return { loads: best.loads, kept: best.kept }
}
