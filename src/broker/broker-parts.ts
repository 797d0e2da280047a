import type * as Effect from 'effect/Effect'
import type { Runtime } from '../runtime/runtime.js'
import type { RequestContext } from '../transport/request-handler.js'
import type { BrokerConfig } from './config.js'
import type { Logger } from './logger.js'
import type { ProducerIds } from './producer-ids.js'
import type { Store } from './store/store.js'
import type { TopicCatalog } from './topics.js'

/** Where clients find a node: the one that they are told of. */
export interface NodeAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** What the handlers share. */
export interface BrokerParts {
  readonly runtime: Runtime
  readonly store: Store
  readonly config: BrokerConfig
  readonly logger: Logger
  readonly clusterId: string
  readonly topics: TopicCatalog
  readonly producerIds: ProducerIds
  /** This broker, by the address that the asking client can reach it at. */
  readonly node: (context: RequestContext) => NodeAddress
  /** Lets the group coordinator forget the offsets of a deleted topic. */
  readonly topicDeleted: (topic: string) => Effect.Effect<void>
}
