// Broker and client in one process: its CPU time is that of both.
import { startBroker } from 'streambus/broker'
import { report } from '../measure.mjs'
import { connectStreamBus, consumerOptions } from './streambus-connect.mjs'
import { readByIteration, readByPoll } from './streambus-reading.mjs'
import { sendAll } from './streambus-sending.mjs'

const task = JSON.parse(process.argv[2])
const broker = await startBroker({ topics: { [task.topic]: { partitions: task.partitions } } })
const bus = await connectStreamBus(broker)
const produced = await sendAll(bus, task)
if (task.by === 'produce') report(produced)
else {
  const consumer = bus.consumer(consumerOptions(task))
  report(await (task.by === 'poll' ? readByPoll : readByIteration)(consumer, task))
}
await bus.close()
await broker.close()
