import { decodeStickyUserData } from '../transport/protocol/consumer-protocol.js'
import type { Assignor, AssignorInput, AssignorMember, GroupAssignment } from './assignor.js'
import { type Claim, resolveClaims } from './claims.js'
import { groupModel, toGroupAssignment } from './group-model.js'
import { stickyBalance } from './sticky-balance.js'

/**
 * A subscription below version 2 has no generation; it stands in the userData then: four bytes
 * from Java, the sticky assignor's bytes from librdkafka and franz-go.
 */
const generationOf = ({ generation, userData }: AssignorMember): number => {
  if (generation >= 0 || userData === null) return generation
  if (userData.length === 4) return userData.readInt32BE(0)
  return decodeStickyUserData(userData)?.generation ?? generation
}

const claimOf = (member: AssignorMember): Claim => ({
  owned: member.owned,
  generation: generationOf(member),
})

const assign = (input: AssignorInput): GroupAssignment => {
  const model = groupModel(input)
  const { ownerOf, mayBeHeldByOther } = resolveClaims(model, claimOf)
  const target = stickyBalance(model, ownerOf)
  // Whoever still holds a moved partition sees that it is not in its assignment, revokes it and
  // joins again; only that next assignment gives the partition to its new owner.
  const granted = target.map((member, p) =>
    member !== ownerOf[p] && mayBeHeldByOther(p, member) ? -1 : member,
  )
  return toGroupAssignment(model, granted)
}

/**
 * The sticky assignment, reached without stopping the world: members keep what they own, and a
 * moved partition is withheld for one rebalance, while any other member still claims it (stale
 * claims too). Compatible on the wire with Kafka's CooperativeStickyAssignor (KIP-429).
 */
export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  rebalanceProtocol: 'cooperative',
  assign,
  subscriptionUserData: (_owned, generation) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(generation)
    return bytes
  },
}
