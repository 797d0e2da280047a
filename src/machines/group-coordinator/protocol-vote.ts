import { type GroupContext, type GroupMember, membersInOrder } from './context.js'
import { get, type Keyed, put, remove } from './keyed.js'
import type { Base64, MemberProtocol } from './member-protocol.js'

/** A protocol that a client names twice counts once, else it would never be common to all. */
const namesOf = (protocols: readonly MemberProtocol[]): Set<string> =>
  new Set(protocols.map(({ name }) => name))

export const countIn = (
  counts: Keyed<number>,
  protocols: readonly MemberProtocol[],
): Keyed<number> => {
  let counted = counts
  for (const name of namesOf(protocols)) counted = put(counted, name, (get(counted, name) ?? 0) + 1)
  return counted
}

export const countOut = (
  counts: Keyed<number>,
  protocols: readonly MemberProtocol[],
): Keyed<number> => {
  let counted = counts
  for (const name of namesOf(protocols)) {
    const rest = (get(counted, name) ?? 0) - 1
    counted = rest > 0 ? put(counted, name, rest) : remove(counted, name)
  }
  return counted
}

/**
 * Among the protocols that all members support, each member votes for the one it prefers. On a
 * tie the one voted for first wins, in the order members joined (Kafka leaves ties open).
 */
export const selectProtocol = (
  context: Pick<GroupContext, 'members' | 'protocolCounts'>,
): string | null => {
  const votes = new Map<string, number>()
  for (const member of membersInOrder(context)) {
    const choice = member.protocols.find(
      ({ name }) => get(context.protocolCounts, name) === context.members.size,
    )
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  let winner: string | null = null
  for (const [name, count] of votes) {
    if (winner === null || count > votes.get(winner)!) winner = name
  }
  return winner
}

/** The group as it would be if a member supported other protocols. */
export const withProtocols = (
  context: GroupContext,
  member: GroupMember,
  protocols: readonly MemberProtocol[],
): Pick<GroupContext, 'members' | 'protocolCounts'> => ({
  members: put(context.members, member.memberId, { ...member, protocols }),
  protocolCounts: countIn(countOut(context.protocolCounts, member.protocols), protocols),
})

export const metadataOf = (
  member: Pick<GroupMember, 'protocols'>,
  protocolName: string | null,
): Base64 => member.protocols.find(({ name }) => name === protocolName)?.metadata ?? ''

/** Same protocols with the same bytes in the same order. */
export const sameProtocols = (
  a: readonly MemberProtocol[],
  b: readonly MemberProtocol[],
): boolean =>
  a.length === b.length &&
  a.every(({ name, metadata }, index) => name === b[index]!.name && metadata === b[index]!.metadata)
