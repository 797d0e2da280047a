// Produces over TCP with StreamBus.
import { report } from '../measure.mjs'
import { connectStreamBus } from './streambus-connect.mjs'
import { sendAll } from './streambus-sending.mjs'

const task = JSON.parse(process.argv[2])
const bus = await connectStreamBus([task.address])
report(await sendAll(bus, task))
await bus.close()
