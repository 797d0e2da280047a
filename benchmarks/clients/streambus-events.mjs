// Counts what the machines of a consumer see while it reads: no record may pass through them.
import { report } from '../measure.mjs'
import { connectStreamBus, consumerOptions } from './streambus-connect.mjs'
import { readByPoll } from './streambus-reading.mjs'

const task = JSON.parse(process.argv[2])
const bus = await connectStreamBus([task.address])
let events = 0
const inspect = ({ type }) => {
  if (type === '@xstate.event') events++
}
const consumer = bus.consumer({ ...consumerOptions(task), inspect })
await readByPoll(consumer, task)
const { fetches } = consumer.stats()
report({ events, fetches, perMillion: (events / task.records) * 1e6 })
await bus.close()
