// Consumes over TCP with StreamBus; `task.by` says how.
import { report } from '../measure.mjs'
import { connectStreamBus, consumerOptions } from './streambus-connect.mjs'
import { readByIteration, readByPoll } from './streambus-reading.mjs'

const task = JSON.parse(process.argv[2])
const bus = await connectStreamBus([task.address])
const consumer = bus.consumer(consumerOptions(task))
report(await (task.by === 'poll' ? readByPoll : readByIteration)(consumer, task))
await bus.close()
