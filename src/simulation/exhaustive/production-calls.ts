import * as Effect from 'effect/Effect'
import type { Assignor } from '../../assignors/index.js'
import type { GroupHost } from '../../broker/groups/group-host.js'
import type { GroupsParts } from '../../broker/groups/groups-parts.js'
import { joinGroup as handleJoin } from '../../broker/groups/handlers/join-group.js'
import { syncGroup as handleSync } from '../../broker/groups/handlers/sync-group.js'
import { type ConsumerConfig, resolveConsumerConfig } from '../../consumer/config.js'
import { GroupClient } from '../../consumer/group/group-client.js'
import { joinGroup } from '../../consumer/group/join.js'
import { GroupLeader } from '../../consumer/group/leader.js'
import { syncGroup } from '../../consumer/group/sync.js'
import { StreamBusError } from '../../domain/errors.js'
import type { AssignOutcome, JoinOutcome, SyncOutcome } from '../../domain/membership.js'
import type { JoinEvent, JoinReply, SyncEvent } from '../../machines/group-coordinator/events.js'
import type { JoinInput } from '../../machines/member/member-setup.js'
import { completeRequest, completeResponse } from '../../transport/protocol/registry.js'
import type { TransportService } from '../../transport/transport.js'
import { VirtualTime } from '../time/virtual-time.js'
import type { Answer, Call, CallEvent, JoinCall, SyncCall } from './call.js'
import { TOPIC } from './partition-set.js'
import { tokenOf } from './token.js'

/** What an answer told its caller besides the outcome. */
export interface Heard<Outcome> {
  readonly outcome: Outcome
  /** From when on the member counts its session anew: not at all, or from sending or answering. */
  readonly contact: 'none' | 'sent' | 'answered'
}

export interface HeardJoin extends Heard<JoinOutcome> {
  /** For the group leader: what it assigns by. */
  readonly members: JoinReply['members']
}

export interface HeardSync extends Heard<SyncOutcome> {
  readonly lastGeneration: number
}

const SENT_AT_MS = 1_000
const GROUP = 'group'

/**
 * JoinGroup, SyncGroup and the leader's assigning, by the code of production: the consumer's calls
 * and the broker's handlers, with a transport that carries one request and one answer.
 */
export class ProductionCalls {
  readonly #config: ConsumerConfig
  readonly #partitions: number
  readonly #known = new Map<string, Exchanged>()

  constructor(assignor: Assignor, partitions: number) {
    const options = { groupId: GROUP, topics: [TOPIC], assignmentStrategy: assignor }
    this.#config = resolveConsumerConfig(options, 'client')
    this.#partitions = partitions
  }

  /** The request, as the coordinator sees it. */
  eventOf(call: Call): CallEvent {
    return this.#exchange(call, null).event
  }

  /** No answer: the connection broke or the time was up. */
  hearJoin(call: JoinCall, answer: Answer | null): HeardJoin {
    const { outcome, contact, members } = this.#exchange(call, answer)
    return { outcome: outcome as JoinOutcome, contact, members }
  }

  hearSync(call: SyncCall, answer: Answer | null): HeardSync {
    const { outcome, contact, lastGeneration } = this.#exchange(call, answer)
    return { outcome: outcome as SyncOutcome, contact, lastGeneration }
  }

  /** The group leader's work; `assignments` in base64, as the coordinator keeps them. */
  assign(
    protocol: string,
    members: JoinReply['members'],
  ): { outcome: AssignOutcome; assignments: SyncCall['assignments'] } {
    const line = new OneExchange(this.#config, this.#partitions, null)
    const leader = new GroupLeader(line.client)
    leader.members = members.map((member) => ({
      ...member,
      metadata: Buffer.from(member.metadata, 'base64'),
    }))
    const outcome = line.run(leader.compute(protocol))
    const assignments = leader.assignments.map(({ memberId, assignment }) => ({
      memberId,
      assignment: assignment.toString('base64'),
    }))
    return { outcome, assignments }
  }

  #exchange(call: Call, answer: Answer | null): Exchanged {
    const key = `${tokenOf(call)} ${tokenOf(answer)}`
    let known = this.#known.get(key)
    if (known === undefined) {
      known = this.#carry(call, answer)
      this.#known.set(key, known)
    }
    return known
  }

  #carry(call: Call, answer: Answer | null): Exchanged {
    const line = new OneExchange(this.#config, this.#partitions, answer)
    const { client } = line
    client.lastGeneration = call.lastGeneration
    let members: JoinReply['members'] = []
    const outcome =
      call.api === 'JoinGroup'
        ? line.run(
            joinGroup(client, joinInput(call), (joined) => {
              members = joined.map((member) => ({
                ...member,
                metadata: member.metadata.toString('base64'),
              }))
            }),
          )
        : line.run(syncGroup(client, { ...call, topics: [TOPIC] }, assignmentBytes(call)))
    const { lease, lastGeneration } = client
    const contact =
      lease.heardAt === SENT_AT_MS ? 'sent' : lease.heardAt > SENT_AT_MS ? 'answered' : 'none'
    return { event: line.asked!, outcome, lastGeneration, members, contact }
  }
}

interface Exchanged extends Heard<JoinOutcome | SyncOutcome> {
  readonly event: CallEvent
  readonly members: JoinReply['members']
  readonly lastGeneration: number
}

const joinInput = ({ memberId, generation, owned }: JoinCall): JoinInput => ({
  memberId,
  generation,
  owned,
  topics: [TOPIC],
  reason: '',
})

const assignmentBytes = ({ assignments }: SyncCall) =>
  assignments.map(({ memberId, assignment }) => ({
    memberId,
    assignment: Buffer.from(assignment, 'base64'),
  }))

/** One request on its way through client and handler; without an answer it times out. */
class OneExchange {
  readonly client: GroupClient
  asked: CallEvent | undefined
  readonly #time = new VirtualTime('exchange')
  readonly #partitions: number
  readonly #answer: Answer | null

  constructor(config: ConsumerConfig, partitions: number, answer: Answer | null) {
    this.#partitions = partitions
    this.#answer = answer
    this.#time.runFor(SENT_AT_MS)
    const { runtime } = this.#time
    const onError = (error: StreamBusError): void => {
      throw error
    }
    const transport = this.#transport()
    this.client = new GroupClient({ runtime, transport, config, owner: 'owner', onError })
  }

  run<A>(effect: Effect.Effect<A>): A {
    let result: { readonly value: A } | undefined
    this.#time.runtime.run(Effect.map(effect, (value) => (result = { value })))
    this.#time.runFor(1)
    if (result === undefined) throw new Error('StreamBus defect: a call of the model did not end')
    return result.value
  }

  /** Where the broker's handlers find their group. */
  #groups(): GroupsParts {
    const ask = (type: string, request: object) =>
      Effect.suspend(() => {
        this.asked = { ...request, type } as unknown as JoinEvent | SyncEvent
        return this.#answer === null ? Effect.never : Effect.succeed(this.#answer)
      })
    const host = { ask } as unknown as GroupHost
    const registry = { closed: false, find: () => host, findOrCreate: () => host }
    const config = { groupMinSessionTimeoutMs: 0, groupMaxSessionTimeoutMs: 1_800_000 }
    return { registry, config, runtime: this.#time.runtime } as unknown as GroupsParts
  }

  #transport(): TransportService {
    const groups = this.#groups()
    const view = this.#clusterView()
    const carry = (api: 'JoinGroup' | 'SyncGroup', input: (version: number) => object) => {
      const handled =
        api === 'JoinGroup'
          ? handleJoin(groups)(completeRequest(api, input(9) as never), CONTEXT)
          : handleSync(groups)(completeRequest(api, input(5) as never), CONTEXT)
      const answered = Effect.map(Effect.delay(handled as Effect.Effect<object>, 1), (response) =>
        completeResponse(api, response as never),
      )
      if (this.#answer !== null) return answered
      this.#time.runtime.run(handled as Effect.Effect<object>)
      return Effect.fail(new StreamBusError('REQUEST_TIMED_OUT', 'no answer', { retriable: true }))
    }
    return {
      request: (_target: unknown, api: 'JoinGroup', input: (version: number) => object) =>
        Effect.suspend(() => carry(api, input)),
      metadata: () => Effect.succeed(view),
      forgetCoordinator: () => {},
      release: () => {},
    } as unknown as TransportService
  }

  #clusterView() {
    const partitions = Array.from({ length: this.#partitions }, (_, partition) => ({ partition }))
    return { topics: new Map([[TOPIC, { name: TOPIC, errorCode: 0, partitions }]]) }
  }
}

const CONTEXT = { apiVersion: 9, clientId: 'client', clientHost: 'simulated' }
