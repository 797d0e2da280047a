import * as Effect from 'effect/Effect'
import type { Inspect, Runtime } from '../../runtime/runtime.js'
import type { Handlers } from '../handler.js'
import type { Logger } from '../logger.js'
import type { Store } from '../store/store.js'
import { describeGroup, type GroupDescription } from './describe-group.js'
import { durableWrites } from './durable-writes.js'
import type { groupChart } from './group-chart.js'
import type { RebalanceReport } from './group-host.js'
import { GroupRegistry } from './group-registry.js'
import { deleteTopicOffsets } from './group-store.js'
import type { GroupsConfig, GroupsParts, TopicLookup } from './groups-parts.js'
import { deleteGroups } from './handlers/delete-groups.js'
import { describeGroups } from './handlers/describe-groups.js'
import { findCoordinator } from './handlers/find-coordinator.js'
import { heartbeat } from './handlers/heartbeat.js'
import { joinGroup } from './handlers/join-group.js'
import { leaveGroup } from './handlers/leave-group.js'
import { listGroups } from './handlers/list-groups.js'
import { offsetCommit } from './handlers/offset-commit.js'
import { offsetFetch } from './handlers/offset-fetch.js'
import { syncGroup } from './handlers/sync-group.js'

export type { GroupsConfig, TopicLookup } from './groups-parts.js'

export interface GroupsSettings {
  readonly runtime: Runtime
  readonly store: Store
  readonly config: GroupsConfig
  readonly topics: TopicLookup
  readonly logger: Logger
  readonly onRebalance?: ((report: RebalanceReport) => void) | undefined
  readonly inspect?: Inspect | undefined
  /** For mutation tests, see `GroupHostParts`. */
  readonly chart?: typeof groupChart | undefined
}

export interface Groups {
  readonly handlers: Handlers
  /** A group as it is now, with why it last rebalanced; undefined when there is none. */
  readonly describe: (groupId: string) => GroupDescription | undefined
  /**
   * What a move of its coordinator is to a group: it is let go of (whoever waits is sent away with
   * NOT_COORDINATOR), and after `pauseMs` and all writes in flight it is read again from the store.
   * A single broker never does this by itself; simulations do.
   */
  readonly reload: (groupId: string, pauseMs: number) => Effect.Effect<void>
  /** Forgets what groups committed for a topic, once the topic is gone. */
  readonly topicDeleted: (topic: string) => Effect.Effect<void>
  /** Answers parked requests with NOT_COORDINATOR and waits for writes in flight. Idempotent. */
  readonly close: Effect.Effect<void>
}

/** As Kafka: how long the JoinGroup of a member without an id may be parked. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000

const defaults = { groupMaxSize: 2_147_483_647, maxOffsetMetadataBytes: 4096 }

/**
 * The group coordinator of the broker: its groups with their committed offsets, loaded from the
 * store. Members found there go on without a rebalance, with a whole session to be heard of.
 */
export const createGroups = (settings: GroupsSettings): Groups => {
  const { runtime, store, topics, logger, onRebalance, inspect, chart } = settings
  const config = { ...defaults, ...settings.config }
  const writes = durableWrites(runtime, store)
  const registry = new GroupRegistry(
    {
      runtime,
      writes,
      logger,
      onRebalance,
      inspect,
      chart,
      settings: {
        initialRebalanceDelayMs: config.groupInitialRebalanceDelayMs,
        newMemberJoinTimeoutMs: NEW_MEMBER_JOIN_TIMEOUT_MS,
        maxSize: config.groupMaxSize,
      },
    },
    store,
  )
  const parts: GroupsParts = { runtime, store, topics, logger, config, registry, writes }
  return {
    handlers: {
      JoinGroup: joinGroup(parts),
      SyncGroup: syncGroup(parts),
      Heartbeat: heartbeat(parts),
      LeaveGroup: leaveGroup(parts),
      OffsetCommit: offsetCommit(parts),
      OffsetFetch: offsetFetch(parts),
      DescribeGroups: describeGroups(parts),
      ListGroups: listGroups(parts),
      DeleteGroups: deleteGroups(parts),
      FindCoordinator: findCoordinator(parts),
    },
    describe: (groupId) => {
      const host = registry.find(groupId)
      return host && describeGroup(host)
    },
    reload: (groupId, pauseMs) =>
      Effect.suspend(() => {
        const host = registry.find(groupId)
        if (host !== undefined) registry.remove(host)
        return Effect.sleep(pauseMs).pipe(
          Effect.andThen(writes.settled),
          Effect.andThen(Effect.sync(() => registry.reload(groupId))),
        )
      }),
    topicDeleted: (topic) =>
      Effect.flatMap(
        Effect.suspend(() => writes.write(deleteTopicOffsets(store, topic))),
        (outcome) =>
          Effect.sync(() => {
            if (outcome.tag === 'stored') return
            logger.warn({ topic }, `offsets of deleted topic ${topic} remain: ${outcome.message}`)
          }),
      ),
    close: Effect.suspend(() => {
      registry.close()
      return writes.settled
    }),
  }
}
