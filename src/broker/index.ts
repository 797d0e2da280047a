export type { BrokerConfig, BrokerSettings } from './config.js'
export type { Logger } from './logger.js'
export { type EmbeddedBroker, type StartBrokerOptions, startBroker } from './start-broker.js'
