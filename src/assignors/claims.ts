import type { TopicPartition } from '../domain/topic-partition.js'
import type { AssignorMember } from './assignor.js'
import { type GroupModel, partitionNumber } from './group-model.js'

/** What one member says it owns, and since which generation (-1: it does not say). */
export interface Claim {
  readonly owned: readonly TopicPartition[]
  readonly generation: number
}

export interface ResolvedClaims {
  /** The member whose claim to a partition counts, -1 for none. It may have unsubscribed since. */
  readonly ownerOf: Int32Array
  /** Whether anybody but this member claims the partition, whether the claim counts or not. */
  readonly mayBeHeldByOther: (partition: number, member: number) => boolean
}

const NOBODY = -1
const SEVERAL = -2

/**
 * Per partition the claim of the highest generation counts, so a stale one does while nobody
 * opposes it. Two of the same highest generation cannot both be true, and neither counts (Kafka's
 * AbstractStickyAssignor; KAFKA-12984, KAFKA-13277 tell why).
 */
export const resolveClaims = (
  model: GroupModel,
  claimOf: (member: AssignorMember) => Claim,
): ResolvedClaims => {
  const count = model.firstOf.at(-1)!
  const ownerOf = new Int32Array(count).fill(NOBODY)
  const generationOf = new Int32Array(count).fill(-1)
  const claimant = new Int32Array(count).fill(NOBODY)
  const lastClaimant = new Int32Array(count).fill(NOBODY)
  model.members.forEach((member, m) => {
    const { owned, generation } = claimOf(member)
    for (const tp of owned) {
      const p = partitionNumber(model, tp)
      if (p < 0 || lastClaimant[p] === m) continue
      lastClaimant[p] = m
      if (claimant[p] === NOBODY || generation > generationOf[p]!) {
        ownerOf[p] = m
        generationOf[p] = generation
      } else if (generation === generationOf[p]) ownerOf[p] = NOBODY
      claimant[p] = claimant[p] === NOBODY ? m : SEVERAL
    }
  })
  return {
    ownerOf,
    mayBeHeldByOther: (p, member) => claimant[p] !== NOBODY && claimant[p] !== member,
  }
}
