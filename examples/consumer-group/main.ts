// A member of the group "example-consumer-group". Start it in several terminals.  [CONSUMER-ID]
import { type ConsumerRecord, connect, StreamBusError, type TopicPartition } from 'streambus'

const [consumerId = `consumer-${process.pid}`] = process.argv.slice(2)
const brokers = process.env.KAFKA_BROKERS ?? process.env.STREAMBUS_BROKERS ?? 'localhost:9092'
const STATUS_EVERY_MS = 5_000
const COMMIT_EVERY_MS = 10_000
const POLL_MS = 500

const sessionTimeoutMs = milliseconds('SESSION_TIMEOUT_MS', 30_000)
const heartbeatIntervalMs = milliseconds('HEARTBEAT_INTERVAL_MS', 3_000)
const rebalanceTimeoutMs = milliseconds('REBALANCE_TIMEOUT_MS', 60_000)

const bus = await connect({ brokers: brokers.split(','), clientId: consumerId })
const consumer = bus.consumer({
  groupId: 'example-consumer-group',
  topics: ['events'],
  clientId: consumerId,
  sessionTimeoutMs,
  heartbeatIntervalMs,
  rebalanceTimeoutMs,
  assignmentStrategy: 'range',
  autoCommit: false,
  onPartitionsAssigned: (partitions) => say(`assigned ${names(partitions)}`),
  onPartitionsRevoked: async (partitions) => {
    // Still ours until this returns: what is committed here, the next owner does not read again.
    await commit('before giving partitions up')
    say(`revoked ${names(partitions)}`)
  },
  // Somebody else may own them already: nothing can be committed, only let go.
  onPartitionsLost: (partitions) => say(`lost ${names(partitions)}`),
  onError: (error) => say(`trouble, being retried: ${error.message}`),
})

let isStopping = false
const stop = () => {
  isStopping = true
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

const beganAt = Date.now()
const processed = new Map<string, number>()
try {
  await consumer.subscribe()
  let nextStatusAt = beganAt + STATUS_EVERY_MS
  let nextCommitAt = beganAt + COMMIT_EVERY_MS
  while (!isStopping) {
    for (const record of await consumer.poll({ timeoutMs: POLL_MS })) processRecord(record)
    // Here, between two polls, everything polled is processed: `commit()` says exactly that. A
    // timer of its own could fire in the middle of a batch and commit what is not done yet.
    if (Date.now() >= nextStatusAt) {
      printStatus()
      nextStatusAt += STATUS_EVERY_MS
    }
    if (Date.now() >= nextCommitAt) {
      await commit('every 10 s')
      nextCommitAt += COMMIT_EVERY_MS
    }
  }
  await commit('before leaving')
  printStatistics()
} finally {
  // Leaves the group, so that the others take over at once instead of after the session timeout.
  await bus.close()
}
say('left the group')

function processRecord(record: ConsumerRecord): void {
  const { topic, partition, offset, key, value, timestampMs } = record
  const time = new Date(timestampMs).toISOString()
  say(`record ${topic}-${partition} offset=${offset} key=${key} value=${value} time=${time}`)
  const place = `${topic}-${partition}`
  processed.set(place, (processed.get(place) ?? 0) + 1)
}

async function commit(when: string): Promise<void> {
  try {
    await consumer.commit()
    say(`committed ${when}`)
  } catch (error) {
    // Nothing is lost: what was not committed is read again, by whoever owns it then.
    if (!(error instanceof StreamBusError)) throw error
    say(`not committed ${when}: ${error.message} (${error.code})`)
  }
}

function printStatus(): void {
  const lag = consumer.lag().map(({ topic, partition, records }) => {
    return `${topic}-${partition}=${records ?? 'unknown'}`
  })
  const owned = names(consumer.assignment())
  say(`status ${consumer.state}; owns ${owned}; processed ${total()}; lag ${lag.join(' ') || '-'}`)
}

function printStatistics(): void {
  const { rebalances, commits, commitFailures, heartbeats, fetches } = consumer.stats()
  const seconds = (Date.now() - beganAt) / 1000
  say(`statistics after ${seconds.toFixed(1)} s:`)
  say(`  processed ${total()} records, ${(total() / seconds).toFixed(1)} a second`)
  for (const [place, count] of [...processed].sort()) say(`  ${place}  ${count}`)
  say(`  ${rebalances} rebalances, ${commits} commits, ${commitFailures} of them failed`)
  say(`  ${heartbeats} heartbeats, ${fetches} fetches`)
}

function total(): number {
  return [...processed.values()].reduce((sum, count) => sum + count, 0)
}

function names(partitions: readonly TopicPartition[]): string {
  const list = partitions.map(({ topic, partition }) => `${topic}-${partition}`)
  return list.join(' ') || 'nothing'
}

function say(text: string): void {
  console.log(`[${consumerId}] ${text}`)
}

function milliseconds(variable: string, standard: number): number {
  return Number(process.env[variable] ?? standard)
}
