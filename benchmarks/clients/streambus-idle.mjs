// One idle StreamBus consumer with many partitions. The library is loaded before the baseline.
import { report } from '../measure.mjs'
import { measureIdle } from './idle.mjs'
import { connectStreamBus, consumerOptions } from './streambus-connect.mjs'

const task = JSON.parse(process.argv[2])
let bus
const start = async () => {
  bus = await connectStreamBus([task.address])
  const consumer = bus.consumer(consumerOptions(task))
  await consumer.subscribe()
  await consumer.poll({ timeoutMs: 0 })
  if (consumer.assignment().length !== task.partitions) throw new Error('not all partitions owned')
}
report(await measureIdle(start, task.seconds))
await bus.close()
