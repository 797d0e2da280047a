import type { Assignor } from '../../assignors/index.js'
import type { TopicPartition } from '../../domain/topic-partition.js'
import type {
  JoinEvent,
  JoinReply,
  SyncEvent,
  SyncReply,
} from '../../machines/group-coordinator/events.js'
import type { MemberIdentity } from '../../machines/member/context.js'
import {
  decodeSubscription,
  encodeSubscription,
} from '../../transport/protocol/consumer-protocol.js'
import { bitOfGeneration, bitOfId, type Renaming } from './identities.js'

/** What a member's chart and host put into a JoinGroup. */
export interface JoinCall extends MemberIdentity {
  readonly api: 'JoinGroup'
  readonly owned: readonly TopicPartition[]
  /** The generation of the last assignment, for the subscription. */
  readonly lastGeneration: number
}

export interface SyncCall extends MemberIdentity {
  readonly api: 'SyncGroup'
  readonly protocol: string
  readonly withAssignment: boolean
  readonly lastGeneration: number
  readonly assignments: SyncEvent['assignments']
}

export type Call = JoinCall | SyncCall
export type Answer = JoinReply | SyncReply
export type CallEvent = Omit<JoinEvent, 'requestId'> | Omit<SyncEvent, 'requestId'>

/** Generations and member ids in sight, as bits. */
export interface Mentions {
  readonly generations: number
  readonly ids: number
}

export const mentionsOfAll = (all: readonly Mentions[]): Mentions => {
  let generations = 0
  let ids = 0
  for (const one of all) {
    generations |= one.generations
    ids |= one.ids
  }
  return { generations, ids }
}

export const mention = (memberId: string, ...generations: readonly number[]): Mentions => ({
  generations: generations.reduce((bits, one) => bits | bitOfGeneration(one), 0),
  ids: bitOfId(memberId),
})

/** Subscriptions are bytes to the coordinator; only their generation is ours to renumber. */
export class Subscriptions {
  readonly #assignor: Assignor
  readonly #generations = new Map<string, number>()
  readonly #renamed = new Map<string, string>()

  constructor(assignor: Assignor) {
    this.#assignor = assignor
  }

  generationOf(metadata: string): number {
    if (metadata === '') return -1
    let generation = this.#generations.get(metadata)
    if (generation === undefined) {
      generation = decodeSubscription(Buffer.from(metadata, 'base64')).generation
      this.#generations.set(metadata, generation)
    }
    return generation
  }

  rename(metadata: string, renaming: Renaming): string {
    const generation = renaming.generation(this.generationOf(metadata))
    if (generation === this.generationOf(metadata)) return metadata
    const key = `${generation} ${metadata}`
    let renamed = this.#renamed.get(key)
    if (renamed === undefined) {
      const subscription = decodeSubscription(Buffer.from(metadata, 'base64'))
      const userData = this.#assignor.subscriptionUserData?.([], generation) ?? null
      renamed = encodeSubscription({ ...subscription, userData, generation }).toString('base64')
      this.#renamed.set(key, renamed)
    }
    return renamed
  }
}

export const mentionsOfCall = (call: Call): Mentions =>
  mentionsOfAll([
    mention(call.memberId, call.generation, call.lastGeneration),
    ...(call.api === 'SyncGroup' ? call.assignments.map(({ memberId }) => mention(memberId)) : []),
  ])

export const renameCall = (call: Call, renaming: Renaming): Call => {
  const renamed = {
    ...call,
    memberId: renaming.memberId(call.memberId),
    generation: renaming.generation(call.generation),
    lastGeneration: renaming.generation(call.lastGeneration),
  }
  if (renamed.api === 'JoinGroup') return renamed
  const assignments = renamed.assignments.map(({ memberId, assignment }) => ({
    memberId: renaming.memberId(memberId),
    assignment,
  }))
  return { ...renamed, assignments }
}

export const mentionsOfAnswer = (answer: Answer, subscriptions: Subscriptions): Mentions =>
  answer.to === 'member.sync'
    ? mention('')
    : mentionsOfAll([
        mention(answer.memberId, answer.generation),
        mention(answer.leaderId),
        ...answer.members.map(({ memberId, metadata }) =>
          mention(memberId, subscriptions.generationOf(metadata)),
        ),
      ])

export const renameAnswer = (
  answer: Answer,
  renaming: Renaming,
  subscriptions: Subscriptions,
): Answer =>
  answer.to === 'member.sync'
    ? answer
    : {
        ...answer,
        memberId: renaming.memberId(answer.memberId),
        generation: renaming.generation(answer.generation),
        leaderId: renaming.memberId(answer.leaderId),
        members: answer.members.map((member) => ({
          ...member,
          memberId: renaming.memberId(member.memberId),
          metadata: subscriptions.rename(member.metadata, renaming),
        })),
      }
