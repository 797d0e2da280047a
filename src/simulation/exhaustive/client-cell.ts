import type { GroupError } from '../../machines/group-coordinator/events.js'
import {
  type Answer,
  type Call,
  type Mentions,
  mention,
  mentionsOfAll,
  mentionsOfAnswer,
  mentionsOfCall,
  renameAnswer,
  renameCall,
  type Subscriptions,
} from './call.js'
import type { NumberedDelivery, OwnMove } from './client-moves.js'
import type { ClientStep } from './client-steps.js'
import { bitOfId, type Renaming } from './identities.js'
import { Interner } from './interner.js'
import type { ProcessCell, Processes } from './process-cell.js'
import { tokenOf } from './token.js'

/** The one JoinGroup or SyncGroup on the connection for joining. */
export interface CallUnderWay {
  readonly call: Call
  /**
   * Under way to the coordinator; parked there; answered, with the answer under way; lost: the
   * client waits in vain, until its deadline; or forgotten: it waits without one.
   */
  readonly stage: 'asked' | 'parked' | 'answered' | 'lost' | 'forgotten'
  readonly answer: Answer | null
  /** The coordinator began a session of this member when it answered, or since then. */
  readonly isRenewed: boolean
}

export interface CommitUnderWay {
  readonly memberId: string
  readonly generation: number
  readonly partitions: number
  /** Who waits for it: a hand-over, the committer's timer, or nobody any more. */
  readonly waiter: 'revoke' | 'auto' | 'nobody'
  /** Absent until the coordinator has answered. */
  readonly answer?: GroupError | null
}

/** A request whose sender waits no more: it may still arrive, at any time, or never. */
export type Stray =
  | { readonly type: 'call'; readonly call: Call }
  | { readonly type: 'commit'; readonly commit: CommitUnderWay }
  | { readonly type: 'leave'; readonly memberId: string }

/**
 * A process' two connections to its coordinator, one request at a time on each, and what it can
 * know of its session. A heartbeat's way there and its good answers leave no trace; the others are
 * kept until they arrive.
 */
export interface Link {
  readonly call: CallUnderWay | null
  readonly heartbeatAnswer: GroupError | null
  readonly commit: CommitUnderWay | null
  readonly leave: { readonly memberId: string; readonly isAnswered: boolean } | null
  readonly strays: readonly Stray[]
  /** Nothing of it was heard and it heard nothing, for a whole session. */
  readonly isSilent: boolean
  /** It counts its session from a later moment than the coordinator does. */
  readonly isAhead: boolean
}

export const noLink: Link = {
  call: null,
  heartbeatAnswer: null,
  commit: null,
  leave: null,
  strays: [],
  isSilent: false,
  isAhead: false,
}

/** One process with its connections: everything of a state that is not the coordinator. */
export interface ClientCell extends Mentions {
  readonly id: number
  /** What was found out about it already. */
  readonly memo: ClientMemo
  readonly process: ProcessCell
  readonly link: Link
  readonly held: number
  /** The ids that this process goes by or is about to hear, as bits. */
  readonly liveIds: number
  /** The ids under which strays come, as bits, and the oldest of their generations. */
  readonly strayIds: number
  readonly strayGeneration: number
}

/** Kept here, and not in tables, because it is looked up with every move of the search. */
export interface ClientMemo {
  own?: readonly OwnMove[]
  deliveries?: readonly NumberedDelivery[]
  silent?: ClientStep
  disconnected?: readonly ClientStep[]
  renewed?: ClientCell
  readonly answered: Map<number, ClientCell>
}

const mentionsOfStray = (stray: Stray): Mentions => {
  switch (stray.type) {
    case 'call':
      return mentionsOfCall(stray.call)
    case 'commit':
      return mention(stray.commit.memberId, stray.commit.generation)
    case 'leave':
      return mention(stray.memberId)
  }
}

/** The generation that it has to be of to be heeded; without one it may always be. */
const generationOfStray = (stray: Stray): number => {
  if (stray.type === 'commit') return stray.commit.generation
  const isSync = stray.type === 'call' && stray.call.api === 'SyncGroup'
  return isSync ? stray.call.generation : Number.POSITIVE_INFINITY
}

const memberIdOfStray = (stray: Stray): string => {
  if (stray.type === 'commit') return stray.commit.memberId
  return stray.type === 'call' ? stray.call.memberId : stray.memberId
}

const renameCommit = (commit: CommitUnderWay, renaming: Renaming): CommitUnderWay => ({
  ...commit,
  memberId: renaming.memberId(commit.memberId),
  generation: renaming.generation(commit.generation),
})

const renameStray = (stray: Stray, renaming: Renaming): Stray => {
  switch (stray.type) {
    case 'call':
      return { type: 'call', call: renameCall(stray.call, renaming) }
    case 'commit':
      return { type: 'commit', commit: renameCommit(stray.commit, renaming) }
    case 'leave':
      return { type: 'leave', memberId: renaming.memberId(stray.memberId) }
  }
}

/** Every client there can be, each kind once. */
export class Clients {
  readonly #cells = new Interner<ClientCell>()
  readonly #processes: Processes
  readonly #subscriptions: Subscriptions

  constructor(processes: Processes, subscriptions: Subscriptions) {
    this.#processes = processes
    this.#subscriptions = subscriptions
  }

  get count(): number {
    return this.#cells.count
  }

  at(id: number): ClientCell {
    return this.#cells.at(id)
  }

  of(process: ProcessCell, given: Link): ClientCell {
    const { strays } = given
    const link = strays.length < 2 ? given : { ...given, strays: [...strays].sort(byMember) }
    return this.#cells.of(`${process.id} ${keyOfLink(link)}`, (id) => ({
      id,
      memo: { answered: new Map() },
      process,
      link,
      held: process.held,
      liveIds: this.#liveIds(process, link),
      strayIds: link.strays.reduce((ids, stray) => ids | bitOfId(memberIdOfStray(stray)), 0),
      strayGeneration: Math.min(...link.strays.map(generationOfStray)),
      ...this.#mentions(process, link),
    }))
  }

  /**
   * Without the strays that can do nothing any more, now or after a restart: their member is not
   * known and never will be again, or their generation is over.
   */
  withoutDeadStrays(cell: ClientCell, knownIds: number, oldestGeneration: number): ClientCell {
    const strays = cell.link.strays.filter((stray) => {
      const id = bitOfId(memberIdOfStray(stray))
      return (id & ~knownIds) === 0 && generationOfStray(stray) >= oldestGeneration
    })
    return this.of(cell.process, { ...cell.link, strays })
  }

  rename(cell: ClientCell, renaming: Renaming): ClientCell {
    return this.#cells.renamed(cell, renaming.key, () =>
      this.of(
        this.#processes.rename(cell.process, renaming),
        this.#renamedLink(cell.link, renaming),
      ),
    )
  }

  #liveIds({ memberId, facts }: ProcessCell, { call }: Link): number {
    if (facts === null) return 0
    const told = call?.answer?.to === 'member.join' ? call.answer.memberId : ''
    return bitOfId(memberId) | bitOfId(told)
  }

  #mentions(process: ProcessCell, { call, commit, leave, strays }: Link): Mentions {
    const all: Mentions[] = [process.mentions, ...strays.map(mentionsOfStray)]
    if (call !== null) all.push(mentionsOfCall(call.call))
    if (call?.answer) all.push(mentionsOfAnswer(call.answer, this.#subscriptions))
    if (commit !== null) all.push(mention(commit.memberId, commit.generation))
    if (leave !== null) all.push(mention(leave.memberId))
    return mentionsOfAll(all)
  }

  #renamedLink(link: Link, renaming: Renaming): Link {
    const { call, commit, leave, strays } = link
    return {
      ...link,
      call:
        call === null
          ? null
          : {
              ...call,
              call: renameCall(call.call, renaming),
              answer:
                call.answer === null
                  ? null
                  : renameAnswer(call.answer, renaming, this.#subscriptions),
            },
      commit: commit === null ? null : renameCommit(commit, renaming),
      leave: leave === null ? null : { ...leave, memberId: renaming.memberId(leave.memberId) },
      strays: strays.map((stray) => renameStray(stray, renaming)),
    }
  }
}

/** Of one member they stay in the order in which they were sent: sorting is stable. */
const byMember = (a: Stray, b: Stray): number => {
  const [left, right] = [`${memberIdOfStray(a)} ${a.type}`, `${memberIdOfStray(b)} ${b.type}`]
  return left < right ? -1 : left > right ? 1 : 0
}

const wordsOfCall = (under: CallUnderWay | null): string =>
  under === null
    ? ''
    : `${tokenOf(under.call)} ${under.stage} ${tokenOf(under.answer)} ${under.isRenewed}`

const keyOfLink = ({ call, heartbeatAnswer, commit, leave, strays, ...flags }: Link): string =>
  [
    wordsOfCall(call),
    heartbeatAnswer,
    tokenOf(commit),
    tokenOf(leave),
    strays.map(tokenOf).join(),
    flags.isSilent,
    flags.isAhead,
  ].join('|')
