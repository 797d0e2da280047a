import {
  decodeStickyUserData,
  encodeStickyUserData,
} from '../transport/protocol/consumer-protocol.js'
import type { Assignor, AssignorInput, AssignorMember, GroupAssignment } from './assignor.js'
import { type Claim, resolveClaims } from './claims.js'
import { groupModel, toGroupAssignment } from './group-model.js'
import { stickyBalance } from './sticky-balance.js'

/**
 * An eager member has revoked everything before it joins, so what it had stands in its userData,
 * and Java's StickyAssignor looks nowhere else. The subscription's own fields are taken only from
 * a member that sends no userData that can be read.
 */
const claimOf = (member: AssignorMember): Claim =>
  (member.userData && decodeStickyUserData(member.userData)) ?? member

const assign = (input: AssignorInput): GroupAssignment => {
  const model = groupModel(input)
  const { ownerOf } = resolveClaims(model, claimOf)
  return toGroupAssignment(model, stickyBalance(model, ownerOf))
}

/**
 * Balanced first, then moving as little as possible, by what each member had last. Compatible on
 * the wire with Kafka's StickyAssignor (KIP-54), and better balanced where subscriptions differ.
 */
export const stickyAssignor: Assignor = {
  name: 'sticky',
  rebalanceProtocol: 'eager',
  assign,
  subscriptionUserData: (owned, generation) =>
    owned.length === 0 && generation < 0 ? null : encodeStickyUserData(owned, generation),
}
