import {
  type Decision,
  legalOutcomes,
  legalTransitions,
  type MemberHappening,
  type MemberPath,
} from '../../machines/member/legal-transitions.js'
import { partitionNames, partitionSet } from './partition-set.js'
import { type ProcessFacts, pathOf } from './process-cell.js'

/** Invariant 17: only what the tables list happens, and only what they list is ignored. */
export const memberStepProblem = (
  from: MemberPath,
  happening: MemberHappening,
  to: MemberPath,
  isIgnored: boolean,
): string | null => {
  const isOutcome = happening.includes(': ') || happening === 'backoff.elapsed'
  const listed: readonly Decision[] | undefined = isOutcome
    ? legalOutcomes[from]?.[happening as `${string}: ${string}`]
    : legalTransitions[from][happening as keyof (typeof legalTransitions)[MemberPath]]
  const decided = isIgnored ? 'ignored' : to === from && !isOutcome ? 'stays' : to
  if (listed?.includes(decided)) return null
  return `legal transitions: '${happening}' in ${from} led to '${decided}'`
}

/** Invariant 16, first half: what is told twice. */
export const callbackProblem = (actor: string, set: number, announced: number): string | null => {
  if (actor === 'assignPartitions' && (set & announced) !== 0) {
    return `callbacks alternate: ${partitionNames(set & announced)} assigned twice`
  }
  if (actor === 'revokePartitions' && (set & ~announced) !== 0) {
    return `callbacks alternate: ${partitionNames(set & ~announced)} revoked, but not assigned`
  }
  return null
}

/** Invariant 16, second half: what is not told at all; and nobody fails in this model. */
export const restProblem = ({ snapshot, announced }: ProcessFacts): string | null => {
  const { context, value } = snapshot
  const path = pathOf(value)
  const owned = partitionSet(context.owned)
  if (context.error !== null) return `no member fails: ${context.error.message}`
  if ((announced & ~owned) !== 0) {
    return `callbacks alternate: ${partitionNames(announced & ~owned)} gone without a word`
  }
  if (path === 'stable' && announced !== owned) {
    return `callbacks alternate: ${partitionNames(owned & ~announced)} held without a word`
  }
  return null
}
