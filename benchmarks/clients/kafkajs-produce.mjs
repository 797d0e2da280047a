// Produces over TCP with kafkajs.
import { report, Stopwatch } from '../measure.mjs'
import { makeRecords } from '../records.mjs'
import { WARM_UP_SHARE } from '../settings.mjs'
import { connectKafkajs, javaCompatible } from './kafkajs-connect.mjs'

const task = JSON.parse(process.argv[2])
const producer = connectKafkajs(task).producer({
  createPartitioner: javaCompatible,
  idempotent: task.idempotent,
})
await producer.connect()
const recordsFrom = makeRecords(task)
const watch = new Stopwatch()
const warmUp = task.records * WARM_UP_SHARE
let sent = 0
while (sent < task.records) {
  if (!watch.isRunning && sent >= warmUp) watch.start(sent)
  const messages = recordsFrom(sent, task.sendRecords)
  // acks -1 is "all"; kafkajs compresses nothing unless told to.
  await producer.send({ topic: task.topic, acks: -1, messages })
  sent += messages.length
}
report(watch.stop(sent))
await producer.disconnect()
