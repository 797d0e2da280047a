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
  /**
   * When the last request was sent that the coordinator answered as to its member, on the
   * runtime's elapsed clock. Its session timer restarted no earlier.
   */
  lastContact = Number.NEGATIVE_INFINITY
  /** What this member was last assigned, for strategies that keep it over an eager revoke. */
  lastAssigned: readonly TopicPartition[] = []
  lastGeneration = -1
  heartbeats = 0

  constructor(parts: GroupClientParts) {
    this.parts = parts
    this.groupId = parts.config.groupId ?? ''
  }

  /** True while the coordinator cannot have given this member's partitions away. */
  get isSessionAlive(): boolean {
    const { runtime, config } = this.parts
    return runtime.clock.elapsed() - this.lastContact < config.sessionTimeoutMs
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

  /** Tried once: a coordinator that did not hear it lets the session timeout do its work. */
  leave(identity: MemberIdentity, reason: string): Effect.Effect<LeaveOutcome> {
    const { config } = this.parts
    const member = { memberId: identity.memberId, groupInstanceId: config.groupInstanceId }
    const request = this.request(
      'control',
      'LeaveGroup',
      (version) => ({
        groupId: this.groupId,
        ...(version < 3
          ? { memberId: identity.memberId }
          : { members: [version < 5 ? member : { ...member, reason }] }),
      }),
      Math.min(config.requestTimeoutMs, config.sessionTimeoutMs),
    )
    return Effect.map(request, (result): LeaveOutcome => {
      const verdict = this.verdict(result, 'leave')
      return verdict.tag === 'unavailable' ? verdict : { tag: 'left' }
    })
  }
}
