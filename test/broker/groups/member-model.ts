import { expect } from 'vitest'
import type { StoredGroup } from '../../../src/machines/group-coordinator/stored-group.js'
import { kafkaErrorName } from '../../../src/transport/protocol/kafka-errors.js'
import { type Call, type GroupWorld, subscription } from './group-world.js'

/** What the model knows of the whole group, over all lives of the broker. */
export interface GroupModel {
  /** The highest generation that a SyncGroup answer confirmed. */
  confirmed: number
  /** Whose assignment counts in each confirmed generation. */
  readonly assignedBy: Map<number, string>
  readonly rejectedOffsets: Set<number>
  nextOffset: number
  nextAssignment: number
}

export const newModel = (): GroupModel => ({
  confirmed: 0,
  assignedBy: new Map(),
  rejectedOffsets: new Set(),
  nextOffset: 0,
  nextAssignment: 0,
})

type AnyCall = Pick<Call<'JoinGroup'>, 'answers' | 'drop'>

/** One client with one request at a time, that checks each answer against the model. */
export class MemberModel {
  memberId = ''
  generation = -1
  isMember = false
  protocols: readonly string[] = ['range', 'sticky']
  topics = 'events'
  readonly calls: AnyCall[] = []
  #leads = false
  #others: readonly string[] = []
  #pending: AnyCall | undefined

  constructor(
    readonly world: GroupWorld,
    readonly model: GroupModel,
    readonly groupInstanceId: string | null,
    readonly joinVersion: 3 | 9,
  ) {}

  get isWaiting(): boolean {
    return this.#pending !== undefined && this.#pending.answers === 0
  }

  /** The connection closes; what was asked may still be done. */
  hangUp(): void {
    this.#pending?.drop()
    this.#pending = undefined
  }

  /** The process dies and starts again: nothing of its membership is left. */
  forget(): void {
    this.hangUp()
    this.#lose()
  }

  join(): void {
    if (this.isWaiting) return
    this.isMember = false
    const { memberId, groupInstanceId, protocols, topics } = this
    const request = {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      memberId,
      groupInstanceId: this.joinVersion === 9 ? groupInstanceId : null,
      protocolType: 'consumer',
      protocols: protocols.map((name) => ({ name, metadata: subscription(topics) })),
    }
    this.#ask(
      this.world.call('JoinGroup', request, { version: this.joinVersion }, (response) => {
        const error = kafkaErrorName(response.errorCode)
        if (error === 'MEMBER_ID_REQUIRED') this.memberId = response.memberId
        else if (error !== 'NONE') this.#failed(error)
        else {
          expect(response.generationId).toBeGreaterThan(0)
          this.memberId = response.memberId
          this.generation = response.generationId
          this.#leads = response.leader === response.memberId && !response.skipAssignment
          this.#others = response.members.map((member) => member.memberId)
          if (this.#leads) expect(this.#others).toContain(this.memberId)
          expect(new Set(this.#others).size).toBe(this.#others.length)
        }
      }),
    )
  }

  sync(): void {
    if (this.isWaiting || this.memberId === '') return
    const { memberId, groupInstanceId, generation } = this
    const tag = `by ${this.model.nextAssignment++}`
    const request = {
      groupId: 'g',
      generationId: generation,
      memberId,
      groupInstanceId,
      assignments: this.#leads
        ? this.#others.map((id) => ({ memberId: id, assignment: Buffer.from(tag) }))
        : [],
    }
    this.#ask(
      this.world.call('SyncGroup', request, {}, (response) => {
        const error = kafkaErrorName(response.errorCode)
        if (error !== 'NONE') this.#failed(error)
        else {
          this.isMember = true
          this.#checkConfirmed(memberId, generation, response.assignment.toString())
        }
      }),
    )
  }

  /** Replies follow durability: what this answer says, a crash cannot take back. */
  #checkConfirmed(memberId: string, generation: number, assignment: string): void {
    const { model } = this
    expect(generation).toBeGreaterThanOrEqual(model.confirmed)
    model.confirmed = generation
    const stored = this.world.store.get('groups', 'g') as StoredGroup
    expect(stored.generation).toBe(generation)
    const member = stored.members.find((each) => each.memberId === memberId)
    expect(Buffer.from(member!.assignment, 'base64').toString()).toBe(assignment)
    if (assignment === '') return
    const by = model.assignedBy.get(generation) ?? assignment
    expect(assignment).toBe(by)
    model.assignedBy.set(generation, by)
  }

  heartbeat(): void {
    if (this.isWaiting || this.memberId === '') return
    const { memberId, groupInstanceId, generation: generationId } = this
    this.#ask(
      this.world.call(
        'Heartbeat',
        { groupId: 'g', memberId, groupInstanceId, generationId },
        {},
        ({ errorCode }) => {
          if (errorCode !== 0) this.#failed(kafkaErrorName(errorCode))
        },
      ),
    )
  }

  leave(): void {
    if (this.isWaiting || this.memberId === '') return
    const { memberId, groupInstanceId } = this
    const members = [{ memberId, groupInstanceId }]
    this.#ask(this.world.call('LeaveGroup', { groupId: 'g', members }, {}, () => this.#lose()))
  }

  /** With its own generation, or an older one that must never be taken. */
  commit(age = 0): void {
    if (this.isWaiting || this.memberId === '') return
    const { memberId, groupInstanceId, world, model } = this
    const generation = this.generation - age
    // Generation -1 would be a commit without membership, which an empty group takes.
    if (generation < 0) return
    const offset = model.nextOffset++
    const group = world.groups.describe('g')
    const isCurrent =
      group?.generation === generation &&
      group.members.some((member) => member.memberId === memberId)
    const partitions = [
      { partitionIndex: 0, committedOffset: offset, committedMetadata: null },
      { partitionIndex: 1, committedOffset: offset, committedMetadata: null },
    ]
    const request = {
      groupId: 'g',
      generationIdOrMemberEpoch: generation,
      memberId,
      groupInstanceId,
      topics: [{ name: 'events', partitions }],
    }
    this.#ask(
      world.call('OffsetCommit', request, {}, ({ topics }) => {
        const codes = topics[0]!.partitions.map(({ errorCode }) => errorCode)
        expect(new Set(codes).size).toBe(1)
        const error = kafkaErrorName(codes[0]!)
        if (error === 'NONE') {
          expect(isCurrent).toBe(true)
          expect(this.#storedOffset()).toBeGreaterThanOrEqual(offset)
        } else if (error !== 'NOT_COORDINATOR') {
          model.rejectedOffsets.add(offset)
          this.#failed(error)
        }
      }),
    )
  }

  #storedOffset(): number {
    const stored = this.world.store.get('offsets', '["g","events",0]')
    return (stored as { readonly offset: number }).offset
  }

  /** What a sound client does next. */
  act(): void {
    if (this.isWaiting) return
    if (this.isMember) this.heartbeat()
    else if (this.generation >= 0 && this.memberId !== '') this.sync()
    else this.join()
  }

  #ask(call: AnyCall): void {
    this.calls.push(call)
    this.#pending = call
  }

  #failed(error: string): void {
    if (error === 'UNKNOWN_MEMBER_ID' || error === 'FENCED_INSTANCE_ID') this.#lose()
    else {
      this.isMember = false
      this.generation = -1
    }
  }

  #lose(): void {
    this.memberId = ''
    this.generation = -1
    this.isMember = false
    this.#leads = false
  }
}
