import kafkajs from 'kafkajs'

// kafkajs warns on standard error about its own defaults; an error still shows.
export const connectKafkajs = ({ address }) =>
  new kafkajs.Kafka({
    clientId: 'benchmark',
    brokers: [address],
    logLevel: kafkajs.logLevel.ERROR,
  })

export const consumerOptions = (task) => ({
  groupId: task.groupId,
  maxBytesPerPartition: task.maxPartitionFetchBytes,
  minBytes: task.fetchMinBytes,
  maxWaitTimeInMs: task.fetchMaxWaitMs,
})

export const javaCompatible = kafkajs.Partitioners.DefaultPartitioner
