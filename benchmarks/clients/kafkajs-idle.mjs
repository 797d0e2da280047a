// One idle kafkajs consumer with many partitions. The library is loaded before the baseline.
import { report } from '../measure.mjs'
import { measureIdle } from './idle.mjs'
import { connectKafkajs, consumerOptions } from './kafkajs-connect.mjs'

const task = JSON.parse(process.argv[2])
let consumer
const start = async () => {
  consumer = connectKafkajs(task).consumer(consumerOptions(task))
  await consumer.connect()
  await consumer.subscribe({ topics: [task.topic], fromBeginning: true })
  const joined = new Promise((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => resolve(payload.memberAssignment))
  })
  await consumer.run({ eachBatch: async () => undefined, autoCommitInterval: task.commitEveryMs })
  const assignment = await joined
  const owned = assignment[task.topic].length
  if (owned !== task.partitions) throw new Error('not all partitions owned')
}
report(await measureIdle(start, task.seconds))
await consumer.disconnect()
