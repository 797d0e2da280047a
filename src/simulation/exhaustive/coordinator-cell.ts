import type { SnapshotFrom } from 'xstate'
import {
  type GroupContext,
  type GroupMember,
  membersInOrder,
} from '../../machines/group-coordinator/context.js'
import type { GroupCoordinatorMachine } from '../../machines/group-coordinator/group-coordinator-machine.js'
import { get, type Keyed, keyedBy, keysOf } from '../../machines/group-coordinator/keyed.js'
import type { GroupPath } from '../../machines/group-coordinator/legal-transitions.js'
import { noCauses } from '../../machines/group-coordinator/rebalance-cause.js'
import type { StoredGroup, StoredMember } from '../../machines/group-coordinator/stored-group.js'
import { type Mentions, mention, mentionsOfAll, type Subscriptions } from './call.js'
import { bitOfId, type Renaming } from './identities.js'
import { Interner, pairOf } from './interner.js'

/** The request id of what nobody waits for. */
export const NOBODY = 'nobody'

export type GroupSnapshot = SnapshotFrom<GroupCoordinatorMachine>

/** What a restart could find: nothing yet, or a group. */
export type Durable = StoredGroup | null

/** The coordinator's chart, with what follows from it. */
export interface GroupCell extends Mentions {
  readonly id: number
  readonly snapshot: GroupSnapshot
  readonly path: GroupPath
  readonly generation: number
  readonly memberIds: readonly string[]
  /** Whose session timer runs: members that have nothing parked, and ids not used yet. */
  readonly sessions: readonly string[]
  /** Whom the rebalance timer waits for, as bits: members not back yet, ids not used yet. */
  readonly awaited: number
  /** Whom the timer for SyncGroup waits for, as bits; it runs as long as there are any. */
  readonly unsynced: number
  /** All whom a timer is for, as bits. */
  readonly timed: number
}

export interface StoreCell extends Mentions {
  readonly id: number
  /** The last state known to be stored, then the writes that are under way, in their order. */
  readonly durable: readonly Durable[]
  readonly oldestGeneration: number
}

/** The coordinator and its store. */
export interface CoordinatorCell extends Mentions {
  readonly id: number
  readonly group: GroupCell
  readonly store: StoreCell
}

export const groupPathOf = (value: GroupSnapshot['value']): GroupPath =>
  (typeof value === 'string' ? value : Object.entries(value)[0]!.join('.')) as GroupPath

const renumbered = <T extends { readonly order: number }>(members: readonly T[]): T[] =>
  members.map((member, order) => ({ ...member, order }))

const byId = (members: readonly GroupMember[]): Keyed<GroupMember> =>
  keyedBy(members.map((member) => [member.memberId, member]))

/**
 * What the next step overwrites: the leader before (of use to static members only), the assignment
 * until a new one comes, the subscription of who has not joined again.
 */
const withoutPast = (member: GroupMember, path: GroupPath): GroupMember => {
  const { parkedJoin, protocols } = member
  const isPreparing = path.startsWith('preparing')
  const isAssigned = !isPreparing && path !== 'completingRebalance.awaitingSync'
  return {
    ...member,
    parkedJoin: parkedJoin === null ? null : { ...parkedJoin, leaderBefore: null },
    assignment: isAssigned ? member.assignment : '',
    protocols:
      isPreparing && parkedJoin === null
        ? protocols.map(({ name }) => ({ name, metadata: '' }))
        : protocols,
  }
}

/** What no guard reads is evened out: causes, the counter of joins, what an old delay left. */
const evenedOut = (snapshot: GroupSnapshot): GroupSnapshot => {
  const { context } = snapshot
  const path = groupPathOf(snapshot.value)
  const members = renumbered(membersInOrder(context)).map((one) => withoutPast(one, path))
  const isDelaying = path === 'preparingRebalance.initialDelay'
  const isAlone = members.length === 0
  const flat: GroupContext = {
    ...context,
    members: byId(members),
    nextOrder: members.length,
    causes: noCauses,
    lastRebalance: null,
    initialDelay: isDelaying
      ? context.initialDelay
      : { delayMs: 0, remainingMs: 0, newMemberJoined: false },
    protocolType: isAlone ? null : context.protocolType,
    protocolName: isAlone ? null : context.protocolName,
  }
  return { ...snapshot, context: flat } as GroupSnapshot
}

const evenedOutStored = (stored: Durable): Durable =>
  stored === null
    ? null
    : {
        ...stored,
        members: renumbered(stored.members),
        nextOrder: stored.members.length,
        lastRebalance: null,
        protocolType: stored.members.length === 0 ? null : stored.protocolType,
      }

const keyOf = ({ value, context }: GroupSnapshot): string => {
  const { generation, leaderId, initialDelay, protocolName, awaitingJoin } = context
  return JSON.stringify([
    value,
    [generation, leaderId, initialDelay, protocolName, awaitingJoin],
    membersInOrder(context),
    [keysOf(context.pending).sort(), keysOf(context.unsynced).sort()],
  ])
}

/** The session of a member stands still while its JoinGroup or SyncGroup is parked. */
const runsSession = ({ isNew, parkedJoin, parkedSync }: GroupMember): boolean =>
  parkedSync === null && (parkedJoin === null || isNew)

const bitsOf = (ids: readonly string[]): number =>
  ids.reduce((bits, memberId) => bits | bitOfId(memberId), 0)

/** Every coordinator there can be, each kind once. */
export class Coordinators {
  readonly #groups = new Interner<GroupCell>()
  readonly #stores = new Interner<StoreCell>()
  readonly #cells = new Interner<CoordinatorCell, number>()
  readonly #subscriptions: Subscriptions

  constructor(subscriptions: Subscriptions) {
    this.#subscriptions = subscriptions
  }

  get count(): number {
    return this.#cells.count
  }

  at(id: number): CoordinatorCell {
    return this.#cells.at(id)
  }

  of(group: GroupCell, store: StoreCell): CoordinatorCell {
    return this.#cells.of(pairOf(group.id, store.id), (id) => ({
      id,
      group,
      store,
      ...mentionsOfAll([group, store]),
    }))
  }

  group(given: GroupSnapshot): GroupCell {
    const snapshot = evenedOut(given)
    return this.#groups.of(keyOf(snapshot), (id) => this.#groupCell(id, snapshot))
  }

  store(given: readonly Durable[]): StoreCell {
    const durable = given.map(evenedOutStored)
    return this.#stores.of(JSON.stringify(durable), (id) => ({
      id,
      durable,
      oldestGeneration: Math.min(...durable.map((stored) => stored?.generation ?? 0)),
      ...mentionsOfAll(
        durable.flatMap((stored) =>
          stored === null
            ? []
            : [mention('', stored.generation), ...this.#mentionsOf(stored.members)],
        ),
      ),
    }))
  }

  rename(cell: CoordinatorCell, renaming: Renaming): CoordinatorCell {
    return this.#cells.renamed(cell, renaming.key, () => {
      const { group, store } = cell
      return this.of(
        this.#groups.renamed(group, renaming.key, () =>
          this.group(this.#renamed(group.snapshot, renaming)),
        ),
        this.#stores.renamed(store, renaming.key, () =>
          this.store(store.durable.map((stored) => this.#renamedStored(stored, renaming))),
        ),
      )
    })
  }

  #groupCell(id: number, snapshot: GroupSnapshot): GroupCell {
    const { context } = snapshot
    const members = membersInOrder(context)
    const pending = keysOf(context.pending)
    const idsWhere = (holds: (member: GroupMember) => boolean): string[] =>
      members.filter(holds).map(({ memberId }) => memberId)
    const sessions = [...idsWhere(runsSession), ...pending].sort()
    const awaited = bitsOf([...idsWhere(({ parkedJoin }) => parkedJoin === null), ...pending])
    const unsynced = bitsOf(keysOf(context.unsynced))
    return {
      id,
      snapshot,
      path: groupPathOf(snapshot.value),
      generation: context.generation,
      memberIds: idsWhere(() => true),
      sessions,
      awaited,
      unsynced,
      timed: bitsOf(sessions) | awaited | unsynced,
      ...mentionsOfAll([
        mention('', context.generation),
        ...pending.map((one) => mention(one)),
        ...this.#mentionsOf(members),
      ]),
    }
  }

  #mentionsOf(members: readonly StoredMember[]): Mentions[] {
    return members.map(({ memberId, protocols }) =>
      mention(
        memberId,
        ...protocols.map(({ metadata }) => this.#subscriptions.generationOf(metadata)),
      ),
    )
  }

  #renamed(snapshot: GroupSnapshot, renaming: Renaming): GroupSnapshot {
    const { context } = snapshot
    const { generation, leaderId, pending, unsynced } = context
    const named = <T>(keyed: Keyed<T>): Keyed<T> =>
      keyedBy(keysOf(keyed).map((id) => [renaming.memberId(id), get(keyed, id)!] as const))
    const renamed: GroupContext = {
      ...context,
      generation: renaming.generation(generation),
      leaderId: leaderId === null ? null : renaming.memberId(leaderId),
      members: byId(membersInOrder(context).map((one) => this.#renamedPresent(one, renaming))),
      pending: named(pending),
      unsynced: named(unsynced),
    }
    return { ...snapshot, context: renamed } as GroupSnapshot
  }

  /** Parked requests are known by their member's id, unless nobody waits for them. */
  #renamedPresent(member: GroupMember, renaming: Renaming): GroupMember {
    const { parkedJoin, parkedSync } = member
    const renamed = (requestId: string): string =>
      requestId === NOBODY ? NOBODY : renaming.memberId(requestId)
    return {
      ...this.#renamedMember(member, renaming),
      parkedJoin:
        parkedJoin === null ? null : { ...parkedJoin, requestId: renamed(parkedJoin.requestId) },
      parkedSync: parkedSync === null ? null : renamed(parkedSync),
    }
  }

  #renamedMember<T extends StoredMember>(member: T, renaming: Renaming): T {
    return {
      ...member,
      memberId: renaming.memberId(member.memberId),
      protocols: member.protocols.map(({ name, metadata }) => ({
        name,
        metadata: this.#subscriptions.rename(metadata, renaming),
      })),
    }
  }

  #renamedStored(stored: Durable, renaming: Renaming): Durable {
    if (stored === null) return null
    const { generation, leaderId, members } = stored
    return {
      ...stored,
      generation: renaming.generation(generation),
      leaderId: leaderId === null ? null : renaming.memberId(leaderId),
      members: members.map((member) => this.#renamedMember(member, renaming)),
    }
  }
}
