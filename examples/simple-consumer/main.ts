// Reads one partition without a group, from its beginning.  [TOPIC] [PARTITION]
import { connect } from 'streambus'

const [topic = 'events', partition = '0'] = process.argv.slice(2)
const brokers = process.env.KAFKA_BROKERS ?? process.env.STREAMBUS_BROKERS ?? 'localhost:9092'

const stopping = new AbortController()
process.on('SIGINT', () => stopping.abort())
process.on('SIGTERM', () => stopping.abort())

const bus = await connect({ brokers: brokers.split(','), clientId: 'example-simple-consumer' })
let read = 0
try {
  // Given by hand instead of by a group: nobody else is asked, and nothing is committed.
  const consumer = bus.consumer({ assign: [{ topic, partition: Number(partition) }] })
  console.log(`reading ${topic}-${partition}; Ctrl+C stops`)
  for await (const record of consumer.records({ signal: stopping.signal })) {
    console.log(`${record.offset}  ${record.key?.toString() ?? '-'}  ${record.value?.toString()}`)
    read++
  }
} catch (error) {
  // Iteration ends with the signal's own reason when it is aborted: that is how we stop.
  if (!stopping.signal.aborted) throw error
} finally {
  await bus.close()
}
console.log(`read ${read} records`)
