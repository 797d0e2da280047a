import * as Effect from 'effect/Effect'
import type { Cause } from '../../domain/membership.js'
import type { MemberIdentity } from '../../machines/member/context.js'
import type { MemberEvent } from '../../machines/member/events.js'
import type { ConsumerConfig } from '../config.js'
import { type GroupClient, ID_FORGOTTEN } from './group-client.js'

const RETRY_MS = 250

/**
 * The heartbeat of one generation, as one long-lived Effect: independent of polls, handlers and
 * callbacks. It ends only by being stopped, and reports by events.
 *
 * A member that got no answer for so long that the coordinator, which hears nothing either, may
 * have given its partitions away, must assume that it has (see `Lease`).
 */
export const heartbeat = (
  client: GroupClient,
  identity: MemberIdentity,
  report: (event: MemberEvent) => void,
): Effect.Effect<never> =>
  Effect.gen(function* () {
    const { runtime, config, transport, owner } = client.parts
    const { clock } = runtime
    const { lease } = client
    let pauseMs = config.heartbeatIntervalMs
    for (;;) {
      const plannedMs = Math.max(0, Math.min(pauseMs, lease.expiresInMs))
      const sleptFrom = clock.elapsed()
      yield* Effect.sleep(plannedMs)
      const lateMs = clock.elapsed() - sleptFrom - plannedMs
      const remaining = lease.expiresInMs
      if (remaining <= 0) {
        // Silent for that long, these connections may be dead at the other end without our knowing:
        // a JoinGroup on one of them would wait for its deadline, beyond the rebalance timeout.
        transport.release(owner)
        report({ type: 'session.expired', cause: expiryCause(config, lateMs) })
        return yield* Effect.never
      }
      const sentAt = clock.elapsed()
      client.heartbeats++
      const result = yield* client.request(
        'control',
        'Heartbeat',
        (version) => ({
          groupId: client.groupId,
          generationId: identity.generation,
          memberId: identity.memberId,
          ...(version >= 3 ? { groupInstanceId: config.groupInstanceId } : {}),
        }),
        attemptMs(config, remaining),
      )
      const answered = client.verdict(result, 'heartbeat')
      const isForgotten = client.isIdForgotten(answered, identity.memberId)
      const verdict = isForgotten ? ID_FORGOTTEN : answered
      pauseMs = config.heartbeatIntervalMs
      switch (verdict.tag) {
        case 'ok':
          // Until SyncGroup is answered the rebalance goes on, whatever is said here: a coordinator
          // that does not receive it drops us after the rebalance timeout (KAFKA-12890).
          if (client.lastGeneration === identity.generation) lease.confirm(sentAt)
          else lease.confirmInRebalance(sentAt)
          break
        case 'rebalancing':
          lease.confirmInRebalance(sentAt)
          report({ type: 'group.rebalancing', cause: UNTOLD })
          break
        case 'memberUnknown':
          report({
            type: 'member.unknown',
            kafkaError: verdict.kafkaError,
            generation: identity.generation,
          })
          break
        case 'unavailable':
          pauseMs = Math.min(RETRY_MS, config.heartbeatIntervalMs)
          break
        case 'refused':
          report(
            verdict.error.kafkaError === 'FENCED_INSTANCE_ID'
              ? { type: 'member.replaced', error: verdict.error }
              : { type: 'fail', error: verdict.error },
          )
          break
      }
    }
  })

/**
 * Half of what is left of the session, so that an answer lost with its connection leaves time to
 * ask again over a new one; not less than an interval, while there is as much.
 */
const attemptMs = (config: ConsumerConfig, remainingMs: number): number => {
  const half = Math.max(remainingMs / 2, Math.min(remainingMs, config.heartbeatIntervalMs))
  return Math.min(config.requestTimeoutMs, Math.max(1, Math.ceil(half)))
}

/** Kafka does not tell followers why a rebalance began. */
const UNTOLD: Cause = {
  what: 'the group rebalances (a member joined, left or changed its subscription)',
  evidence: 'inferred',
}

const expiryCause = (config: ConsumerConfig, lateMs: number): Cause => {
  const { sessionTimeoutMs, rebalanceTimeoutMs } = config
  const leaseMs = Math.min(sessionTimeoutMs, rebalanceTimeoutMs)
  const limit =
    sessionTimeoutMs <= rebalanceTimeoutMs
      ? `the session timeout of ${sessionTimeoutMs} ms`
      : `the rebalance timeout of ${rebalanceTimeoutMs} ms`
  const what =
    lateMs > leaseMs / 2
      ? `the event loop was blocked for ${(lateMs / 1000).toFixed(1)} s, so no heartbeat was sent within ${limit}`
      : `no answer from the coordinator for ${limit}`
  return { what, evidence: 'observed' }
}
