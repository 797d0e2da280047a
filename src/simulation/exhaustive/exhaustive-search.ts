import { cooperativeStickyAssignor, rangeAssignor } from '../../assignors/index.js'
import type { RebalanceProtocol } from '../../domain/membership.js'
import { groupCoordinatorMachine } from '../../machines/group-coordinator/group-coordinator-machine.js'
import { memberMachine } from '../../machines/member/member-machine.js'
import { type Assumptions, allAssumptions } from './assumptions.js'
import { linesOfViolation, linesTo } from './counterexample.js'
import { checkLiveness, type LivenessResult } from './liveness.js'
import { Model, type ModelOptions } from './model.js'
import { Search, type SearchLimits, type SearchResult } from './search.js'

export interface ExhaustiveOptions
  extends SearchLimits,
    Partial<Omit<ModelOptions, 'assumptions'>> {
  readonly protocol: RebalanceProtocol
  readonly assumptions?: Partial<Assumptions>
}

export interface ExhaustiveResult extends SearchResult {
  readonly liveness: LivenessResult | null
  /** What went wrong, move by move; null when nothing did. */
  readonly counterexample: string | null
  readonly parts: Model['size']
}

/** Visits every state that a group of few members can get into, and checks each. */
export const searchExhaustively = (options: ExhaustiveOptions): ExhaustiveResult => {
  const { protocol, assumptions, budget, heeds, mayGoOn, ...given } = options
  const model = new Model({
    members: 2,
    partitions: 2,
    assignor: protocol === 'eager' ? rangeAssignor : cooperativeStickyAssignor,
    memberMachine,
    coordinatorMachine: groupCoordinatorMachine,
    autoCommits: false,
    mergesQuietSteps: true,
    // With commits a group goes round in circles while it waits, which needs fairness to end.
    usesSymmetry: given.autoCommits !== true,
    forgetsSyncs: false,
    ...given,
    assumptions: { ...allAssumptions, ...assumptions },
  })
  const search = new Search(model, { budget, heeds, mayGoOn })
  const result = search.run()
  const { violation, closedBudget } = result
  if (violation !== null) {
    const counterexample = linesOfViolation(search, violation).join('\n')
    return { ...result, liveness: null, counterexample, parts: model.size }
  }
  const liveness = checkLiveness(search, closedBudget)
  const counterexample = liveness.trap === null ? null : trapLines(search, liveness.trap).join('\n')
  return { ...result, liveness, counterexample, parts: model.size }
}

const trapLines = (
  search: Search,
  { state, size, moves }: NonNullable<LivenessResult['trap']>,
): string[] => [
  ...linesTo(search, state),
  moves.length === 0
    ? '=> convergence: from here nothing happens any more'
    : `=> convergence: a fair run can stay in ${size} states for ever, by ${moves.join(', ')}`,
]
