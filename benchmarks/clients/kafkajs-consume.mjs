// Consumes over TCP with kafkajs, by `eachBatch` or `eachMessage`.
import { report, Stopwatch } from '../measure.mjs'
import { checkRead } from '../records.mjs'
import { WARM_UP_SHARE } from '../settings.mjs'
import { connectKafkajs, consumerOptions } from './kafkajs-connect.mjs'

const task = JSON.parse(process.argv[2])
const consumer = connectKafkajs(task).consumer(consumerOptions(task))
const watch = new Stopwatch()
const warmUp = task.records * WARM_UP_SHARE
let read = 0
let bytes = 0
let offsets = 0

const touch = ({ key, value, offset }) => {
  bytes += key.length + value.length
  offsets += Number(offset)
  read++
}

await consumer.connect()
await consumer.subscribe({ topics: [task.topic], fromBeginning: true })
const result = await new Promise((resolve, reject) => {
  const look = () => {
    if (!watch.isRunning && read >= warmUp) watch.start(read)
    if (read === task.records) resolve(watch.stop(read))
  }
  const handlers =
    task.by === 'eachBatch'
      ? {
          eachBatch: async ({ batch }) => {
            for (const message of batch.messages) touch(message)
            look()
          },
        }
      : {
          eachMessage: async ({ message }) => {
            touch(message)
            look()
          },
        }
  consumer.run({ ...handlers, autoCommitInterval: task.commitEveryMs }).catch(reject)
})
checkRead(read, bytes, task)
report({ ...result, offsets })
await consumer.disconnect()
