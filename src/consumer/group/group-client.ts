import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import type { StreamBusError } from '../../domain/errors.js'
import type { FindCoordinatorOutcome, LeaveOutcome } from '../../domain/membership.js'
import type { TopicPartition } from '../../domain/topic-partition.js'
import type { MemberIdentity } from '../../machines/member/context.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { ApiName, ResponseBody } from '../../transport/protocol/registry.js'
import type { Purpose, RequestMaker, TransportService } from '../../transport/transport.js'
import type { ConsumerConfig } from '../config.js'
import { classifyFailure, classifyGroupError, type GroupVerdict } from './classify.js'
import { Lease } from './lease.js'

export interface GroupClientParts {
  readonly runtime: Runtime
  readonly transport: TransportService
  readonly config: ConsumerConfig
  /** Names this consumer's own connections to its coordinator. */
  readonly owner: string
  readonly onError: (error: StreamBusError) => void
}

/** What is known of a group beside the member's chart: the last contact and the last assignment. */
export class GroupClient {
  readonly parts: GroupClientParts
  readonly groupId: string
  readonly lease: Lease
  /** What this member was last assigned, for strategies that keep it over an eager revoke. */
  lastAssigned: readonly TopicPartition[] = []
  lastGeneration = -1
  /** The member id under which SyncGroup last succeeded; empty before. */
  syncedAs = ''
  heartbeats = 0

  constructor(parts: GroupClientParts) {
    this.parts = parts
    this.groupId = parts.config.groupId ?? ''
    this.lease = new Lease(parts.runtime.clock, parts.config)
  }

  /**
   * FENCED_INSTANCE_ID mostly says that another process took our place. But a static member's new
   * id is durable at the coordinator only with the generation that it syncs: one that crashed
   * before knows the former id, and calls us fenced although nobody else is there. Who never
   * synced under its id therefore joins anew, which takes the place again (KIP-345).
   */
  isIdForgotten(verdict: GroupVerdict, memberId: string): boolean {
    return (
      verdict.tag === 'refused' &&
      verdict.error.kafkaError === 'FENCED_INSTANCE_ID' &&
      this.parts.config.groupInstanceId !== null &&
      memberId !== '' &&
      this.syncedAs !== memberId
    )
  }

  /** A request to the coordinator. A coordinator that moved is forgotten, to be found anew. */
  request<N extends ApiName>(
    purpose: Purpose,
    api: N,
    input: RequestMaker<N>,
    timeoutMs: number,
  ): Effect.Effect<Result.Result<ResponseBody<N>, StreamBusError>> {
    const { transport, owner } = this.parts
    const target = { type: 'coordinator', groupId: this.groupId } as const
    return Effect.result(transport.request(target, api, input, { purpose, timeoutMs, owner }))
  }

  /** The verdict on an answer's error code or on the lack of an answer. */
  verdict(
    result: Result.Result<{ readonly errorCode: number }, StreamBusError>,
    doing: string,
  ): GroupVerdict {
    const verdict = Result.isSuccess(result)
      ? classifyGroupError(result.success.errorCode, doing, this.groupId)
      : classifyFailure(result.failure)
    if (verdict.tag === 'unavailable' && verdict.coordinatorMoved) {
      this.parts.transport.forgetCoordinator(this.groupId)
    }
    return verdict
  }

  readonly findCoordinator: Effect.Effect<FindCoordinatorOutcome> = Effect.suspend(() => {
    const { transport, config } = this.parts
    const lookUp = transport.coordinator(this.groupId, config.requestTimeoutMs)
    return Effect.map(Effect.result(lookUp), (result): FindCoordinatorOutcome => {
      if (Result.isSuccess(result) && 'node' in result.success) return { tag: 'found' }
      const verdict = this.verdict(
        Result.isSuccess(result)
          ? Result.succeed(result.success as { readonly errorCode: number })
          : Result.fail(result.failure),
        'find the coordinator',
      )
      if (verdict.tag === 'unavailable' || verdict.tag === 'refused') return verdict
      // A code that has no place in this answer: a broker that is broken may get well.
      const message = `group ${this.groupId}: find the coordinator: an answer without sense`
      return { tag: 'unavailable', error: { code: 'BROKER_ERROR', message } }
    })
  })

  /**
   * Tried again while there is time: an idle connection may turn out to be dead, or the coordinator
   * to have moved, and a member that is not known to have left holds the others up until its
   * session ends. `unavailable`: that is what will happen.
   */
  leave(identity: MemberIdentity, reason: string): Effect.Effect<LeaveOutcome> {
    return Effect.gen({ self: this }, function* () {
      const { config, runtime } = this.parts
      const { clock } = runtime
      const dueMs = clock.elapsed() + Math.min(config.requestTimeoutMs, config.sessionTimeoutMs)
      const input = leaveRequest(this.groupId, identity.memberId, config.groupInstanceId, reason)
      for (let attempt = 1; ; attempt++) {
        const leftMs = dueMs - clock.elapsed()
        const timeoutMs = attempt < LEAVE_ATTEMPTS ? Math.ceil(leftMs / 2) : leftMs
        const result = yield* this.request('control', 'LeaveGroup', input, timeoutMs)
        const verdict = this.verdict(result, 'leave')
        if (verdict.tag !== 'unavailable') return { tag: 'left' }
        if (attempt === LEAVE_ATTEMPTS || dueMs - clock.elapsed() <= LEAVE_RETRY_MS) return verdict
        yield* Effect.sleep(LEAVE_RETRY_MS)
      }
    })
  }
}

const LEAVE_ATTEMPTS = 3
const LEAVE_RETRY_MS = 100

const leaveRequest =
  (groupId: string, memberId: string, groupInstanceId: string | null, reason: string) =>
  (version: number) => {
    const member = { memberId, groupInstanceId }
    const members = [version < 5 ? member : { ...member, reason }]
    return { groupId, ...(version < 3 ? { memberId } : { members }) }
  }

/** To be taken as an id that the coordinator does not know. */
export const ID_FORGOTTEN = { tag: 'memberUnknown', kafkaError: 'UNKNOWN_MEMBER_ID' } as const
