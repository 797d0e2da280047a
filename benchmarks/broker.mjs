// The broker of the benchmarks, a process of its own, in memory. Ends when its parent goes away.
import { startBroker } from 'streambus/broker'

const broker = await startBroker({
  port: 0,
  topics: JSON.parse(process.argv[2]),
  groupInitialRebalanceDelayMs: 0,
})
console.log(broker.address)
process.stdin.resume().once('end', () => broker.close())
