import { connect } from 'streambus'

/** One bus, and how to close it. */
export const connectStreamBus = async (brokers) => connect({ brokers, clientId: 'benchmark' })

export const consumerOptions = (task) => ({
  groupId: task.groupId,
  topics: [task.topic],
  autoCommitIntervalMs: task.commitEveryMs,
  maxPartitionFetchBytes: task.maxPartitionFetchBytes,
  fetchMinBytes: task.fetchMinBytes,
  fetchMaxWaitMs: task.fetchMaxWaitMs,
})
