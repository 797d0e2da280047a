import type { Runtime } from '../../runtime/runtime.js'
import type { RequestContext } from '../../transport/request-handler.js'
import type { Logger } from '../logger.js'
import type { Store } from '../store/store.js'
import type { DurableWrites } from './durable-writes.js'
import type { GroupRegistry } from './group-registry.js'

/** What the groups ask of the topics. */
export interface TopicLookup {
  readonly exists: (name: string) => boolean
  readonly partitionCount: (name: string) => number | undefined
  readonly nameOf: (topicId: string) => string | undefined
  /** This broker, by the address that the asking client can reach it at. */
  readonly node: (context: RequestContext) => {
    readonly nodeId: number
    readonly host: string
    readonly port: number
  }
}

/** The broker's settings that concern groups; times in milliseconds, sizes in bytes. */
export interface GroupsConfig {
  readonly groupInitialRebalanceDelayMs: number
  readonly groupMinSessionTimeoutMs: number
  readonly groupMaxSessionTimeoutMs: number
  /** Default: no limit. */
  readonly groupMaxSize?: number
  /** Default 4096. */
  readonly maxOffsetMetadataBytes?: number
}

/** What the handlers share. */
export interface GroupsParts {
  readonly runtime: Runtime
  readonly store: Store
  readonly topics: TopicLookup
  readonly logger: Logger
  readonly config: Required<GroupsConfig>
  readonly registry: GroupRegistry
  readonly writes: DurableWrites
}
