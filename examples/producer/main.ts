// Produces keyed records into the topic "events" until Ctrl+C.  [--rate PER_SECOND] [--count N]
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Admin, connect, StreamBusError } from 'streambus'

const TOPIC = 'events'
const PARTITIONS = 4
const USERS = 20
const ACTIONS = ['login', 'search', 'view', 'buy', 'logout']
const TICK_MS = 100

const { values: options } = parseArgs({
  options: { rate: { type: 'string', default: '10' }, count: { type: 'string' } },
})
const ratePerSecond = Number(options.rate)
const wanted = options.count === undefined ? Number.POSITIVE_INFINITY : Number(options.count)
if (!(ratePerSecond > 0) || !(wanted > 0)) throw new Error('--rate and --count must be above 0')

const brokers = process.env.KAFKA_BROKERS ?? process.env.STREAMBUS_BROKERS ?? 'localhost:9092'

const stopping = new AbortController()
process.on('SIGINT', () => stopping.abort())
process.on('SIGTERM', () => stopping.abort())

const bus = await connect({ brokers: brokers.split(','), clientId: 'example-producer' })
try {
  await createTopicIfMissing(bus.admin())
  const producer = bus.producer()
  const perPartition = new Map<number, number>()
  const beganAt = Date.now()
  let sent = 0
  console.log(`producing ${ratePerSecond} records/s into "${TOPIC}"; Ctrl+C stops`)

  while (sent < wanted && !stopping.signal.aborted) {
    // What is due by now goes out as one call: the rate holds whatever the timer does.
    const due = Math.ceil((ratePerSecond * (Date.now() - beganAt + TICK_MS)) / 1000)
    const first = sent
    const count = Math.min(due, wanted) - first
    const records = Array.from({ length: count }, (_, index) => eventNumber(first + index))
    // Resolves when all in-sync replicas have every record; rejects if one could not be delivered.
    for (const { partition } of await producer.send(TOPIC, records)) {
      perPartition.set(partition, (perPartition.get(partition) ?? 0) + 1)
    }
    sent += count
    await sleep(TICK_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
  }

  const seconds = ((Date.now() - beganAt) / 1000).toFixed(1)
  console.log(`produced ${sent} records in ${seconds} s`)
  for (const [partition, count] of [...perPartition].sort(([a], [b]) => a - b)) {
    console.log(`  ${TOPIC}-${partition}  ${count}`)
  }
} finally {
  // Sends what is still buffered, then closes producer, admin and connections.
  await bus.close()
}

/** Records with the same key go to the same partition, and so stay in order. */
function eventNumber(sequence: number) {
  const action = ACTIONS[sequence % ACTIONS.length]
  return { key: `user-${sequence % USERS}`, value: JSON.stringify({ sequence, action }) }
}

async function createTopicIfMissing(admin: Admin): Promise<void> {
  try {
    await admin.createTopic(TOPIC, { partitions: PARTITIONS })
    console.log(`created topic "${TOPIC}" with ${PARTITIONS} partitions`)
  } catch (error) {
    if (!(error instanceof StreamBusError && error.code === 'TOPIC_EXISTS')) throw error
  }
}
