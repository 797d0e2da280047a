import type { SnapshotFrom } from 'xstate'
import type { Cause } from '../../domain/membership.js'
import type { JoinReply } from '../../machines/group-coordinator/events.js'
import type { MemberContext, MemberIdentity } from '../../machines/member/context.js'
import type { MemberPath } from '../../machines/member/legal-transitions.js'
import type { MemberMachine } from '../../machines/member/member-machine.js'
import { type Mentions, mention, mentionsOfAll, type Subscriptions, type SyncCall } from './call.js'
import type { Renaming } from './identities.js'
import { Interner } from './interner.js'
import { partitionSet } from './partition-set.js'

export type MemberSnapshot = SnapshotFrom<MemberMachine>

/** One process: the member's chart and what its host keeps beside it. */
export interface ProcessFacts {
  readonly snapshot: MemberSnapshot
  /** Under which identity heartbeats go out. */
  readonly heartbeat: MemberIdentity | null
  /** The generation of the last assignment that was received (`GroupClient.lastGeneration`). */
  readonly lastGeneration: number
  /** The group leader's, from its JoinGroup's answer until its SyncGroup is sent. */
  readonly members: JoinReply['members']
  readonly assignments: SyncCall['assignments']
  /** What the application was told that it has, and not yet that it has no more. */
  readonly announced: number
}

/** Facts with what is often asked of them. `facts` is null for a process that does not run. */
export interface ProcessCell {
  readonly id: number
  readonly facts: ProcessFacts | null
  /** Not started yet, or gone: started again it is another process. */
  readonly path: MemberPath | 'off' | 'gone'
  readonly memberId: string
  readonly generation: number
  readonly owned: number
  /** Owned, and not given up in this moment. */
  readonly held: number
  /** The invoked actor whose end the chart waits for. */
  readonly actor: string | null
  readonly mentions: Mentions
}

/** States in which the ownership is over although the context still lists it. */
const LOSING = new Set(['fenced.losing', 'fenced.abandoning', 'leaving.losing', 'failed.losing'])
/** Where the chart reads whether it leads and by which protocol. */
const SYNCING = new Set(['syncing.computing', 'syncing.requesting'])
const SOME_CAUSE: Cause = { what: 'a cause', evidence: 'observed' }

export const pathOf = (value: MemberSnapshot['value']): MemberPath => {
  if (typeof value === 'string') return value as MemberPath
  const [top, inner] = Object.entries(value)[0]!
  return `${top}.${inner as string}` as MemberPath
}

/** What no guard and no host reads is evened out: texts, counters, what the last round left. */
const evenedOut = (snapshot: MemberSnapshot): MemberSnapshot => {
  const { context } = snapshot
  const isSyncing = SYNCING.has(pathOf(snapshot.value))
  const flat: MemberContext = {
    ...context,
    cause: null,
    pendingCause: context.pendingCause === null ? null : SOME_CAUSE,
    attempt: 0,
    rebalances: 0,
    trouble: null,
    memberCount: 0,
    assigned: [],
    isLeader: isSyncing && context.isLeader,
    protocol: isSyncing ? context.protocol : null,
  }
  return { ...snapshot, context: flat } as MemberSnapshot
}

const keyOf = (facts: ProcessFacts): string => {
  const { snapshot, ...host } = facts
  const { value, children, context } = snapshot
  const { topics, groupId, jitter, retryBackoffMs, retryBackoffMaxMs, assign, ...kept } = context
  return JSON.stringify([value, Object.keys(children).sort(), kept, host])
}

const waitedFor = ({ children }: MemberSnapshot): string | null =>
  Object.keys(children).find((id) => id !== 'heartbeat') ?? null

/** Every process there can be, each kind once. */
export class Processes {
  readonly #cells = new Interner<ProcessCell>()
  readonly #subscriptions: Subscriptions
  readonly off: ProcessCell
  readonly gone: ProcessCell

  constructor(subscriptions: Subscriptions) {
    this.#subscriptions = subscriptions
    this.off = this.#notRunning('off')
    this.gone = this.#notRunning('gone')
  }

  #notRunning(path: 'off' | 'gone'): ProcessCell {
    return this.#cells.of(path, (id) => ({
      id,
      facts: null,
      path,
      memberId: '',
      generation: -1,
      owned: 0,
      held: 0,
      actor: null,
      mentions: mention(''),
    }))
  }

  of(given: ProcessFacts): ProcessCell {
    const facts = { ...given, snapshot: evenedOut(given.snapshot) }
    return this.#cells.of(keyOf(facts), (id) => this.#cell(id, facts))
  }

  rename(cell: ProcessCell, renaming: Renaming): ProcessCell {
    const { facts } = cell
    if (facts === null) return cell
    return this.#cells.renamed(cell, renaming.key, () => this.of(this.#renamed(facts, renaming)))
  }

  #cell(id: number, facts: ProcessFacts): ProcessCell {
    const { snapshot, heartbeat } = facts
    const { memberId, generation, owned } = snapshot.context
    const path = pathOf(snapshot.value)
    const set = partitionSet(owned)
    return {
      id,
      facts,
      path,
      memberId,
      generation,
      owned: set,
      held: LOSING.has(path) ? 0 : set,
      actor: waitedFor(snapshot),
      mentions: mentionsOfAll([
        mention(memberId, generation, facts.lastGeneration),
        ...(heartbeat === null ? [] : [mention(heartbeat.memberId, heartbeat.generation)]),
        ...facts.assignments.map((each) => mention(each.memberId)),
        ...facts.members.map((each) =>
          mention(each.memberId, this.#subscriptions.generationOf(each.metadata)),
        ),
      ]),
    }
  }

  #renamed(facts: ProcessFacts, renaming: Renaming): ProcessFacts {
    const identity = <T extends MemberIdentity>(of: T): T => ({
      ...of,
      memberId: renaming.memberId(of.memberId),
      generation: renaming.generation(of.generation),
    })
    const { snapshot, heartbeat, members, assignments } = facts
    return {
      ...facts,
      snapshot: { ...snapshot, context: identity(snapshot.context) } as MemberSnapshot,
      heartbeat: heartbeat === null ? null : identity(heartbeat),
      lastGeneration: renaming.generation(facts.lastGeneration),
      members: members.map((each) => ({
        ...each,
        memberId: renaming.memberId(each.memberId),
        metadata: this.#subscriptions.rename(each.metadata, renaming),
      })),
      assignments: assignments.map((each) => ({
        ...each,
        memberId: renaming.memberId(each.memberId),
      })),
    }
  }
}
