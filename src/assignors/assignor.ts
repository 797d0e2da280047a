import type { RebalanceProtocol } from '../domain/membership.js'
import type { TopicPartition } from '../domain/topic-partition.js'

/** One member of the group as the group leader sees it, from its decoded subscription. */
export interface AssignorMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** Topics subscribed to; one named twice counts once, one that does not exist is passed over. */
  readonly topics: readonly string[]
  /** What the member says it still owns. */
  readonly owned: readonly TopicPartition[]
  /** The generation in which it came to own that; -1 when it does not say. */
  readonly generation: number
  readonly rackId: string | null
  readonly userData: Buffer | null
}

export interface AssignorInput {
  readonly members: readonly AssignorMember[]
  /** Partition count by topic; a topic absent here does not exist. */
  readonly partitions: ReadonlyMap<string, number>
}

/**
 * The partitions of every member of the input (empty where it gets none), each list sorted by
 * topic and partition. The map's own order is that of static members by group.instance.id, then
 * the others by member id.
 */
export type GroupAssignment = ReadonlyMap<string, readonly TopicPartition[]>

/** A pure function from a group to its assignment: the same group in any order, the same answer. */
export interface Assignor {
  /** The name under which members of a group agree on it, as sent in JoinGroup. */
  readonly name: string
  readonly rebalanceProtocol: RebalanceProtocol
  readonly assign: (input: AssignorInput) => GroupAssignment
  /**
   * The userData of this member's own subscription.
   *
   * @param owned what the member was last assigned, even if an eager rebalance has revoked it since
   * @param generation the generation of that assignment, -1 when there was none
   */
  readonly subscriptionUserData?: (
    owned: readonly TopicPartition[],
    generation: number,
  ) => Buffer | null
}
