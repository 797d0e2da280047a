// Retry in place with back-off, then a dead-letter topic with error, attempts and origin.
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConsumerRecord, connect, type Producer } from 'streambus'
import { startBroker } from 'streambus/broker'

const MAX_ATTEMPTS = 3
const FIRST_BACKOFF_MS = 50

/** No attempt will ever succeed. */
class InvalidOrder extends Error {}

const refusedOnce = new Set<number>()

const broker = await startBroker({
  topics: { orders: { partitions: 2 }, 'orders.dead-letter': { partitions: 1 } },
})
const bus = await connect({ brokers: broker })
try {
  const producer = bus.producer()
  await producer.send('orders', [
    { key: 'alice', value: JSON.stringify({ id: 1, amount: 30 }) },
    { key: 'bob', value: 'not JSON at all' },
    { key: 'alice', value: JSON.stringify({ id: 2, amount: 12 }) },
    { key: 'carol', value: JSON.stringify({ id: 3, amount: -5 }) },
    { key: 'bob', value: JSON.stringify({ id: 4, amount: 7 }) },
  ])

  const consumer = bus.consumer({ groupId: 'billing', topics: ['orders'] })
  const outcomes = { billed: 0, deadLettered: 0 }
  for await (const record of consumer.records({ until: 'end' })) {
    // The next turn of the loop says that this record is done, so auto-commit may cover it. A crash
    // before that repeats it; nothing is lost, and the records behind it stay in order.
    outcomes[await billOrGiveUp(record, producer)]++
  }
  console.log(`billed ${outcomes.billed}, dead-lettered ${outcomes.deadLettered}`)

  const deadLetters = bus.consumer({ assign: [{ topic: 'orders.dead-letter', partition: 0 }] })
  for await (const { key, value, headers } of deadLetters.records({ until: 'end' })) {
    const facts = headers.map(([name, text]) => `${name}="${text}"`).join(' ')
    console.log(`dead letter key=${key} value=${value} ${facts}`)
  }
} finally {
  await bus.close()
  await broker.close()
}

async function billOrGiveUp(
  record: ConsumerRecord,
  producer: Producer,
): Promise<'billed' | 'deadLettered'> {
  for (let attempt = 1; ; attempt++) {
    try {
      await bill(record)
      return 'billed'
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      // What can never work is not tried again; what may work is, but not for ever.
      if (error instanceof InvalidOrder || attempt === MAX_ATTEMPTS) {
        await sendToDeadLetters(record, reason, attempt, producer)
        return 'deadLettered'
      }
      const backoffMs = FIRST_BACKOFF_MS * 2 ** (attempt - 1)
      console.log(`${placeOf(record)}: attempt ${attempt}: ${reason}; again in ${backoffMs} ms`)
      // Heartbeats go on meanwhile. Keep the whole well below maxPollIntervalMs (5 minutes).
      await sleep(backoffMs)
    }
  }
}

/** Awaited: the record counts as done only when its dead letter is safely stored. */
async function sendToDeadLetters(
  record: ConsumerRecord,
  reason: string,
  attempts: number,
  producer: Producer,
): Promise<void> {
  const { key, value, headers } = record
  await producer.send('orders.dead-letter', {
    key,
    value,
    headers: [
      ...headers,
      ['error', reason],
      ['attempts', String(attempts)],
      ['origin', placeOf(record)],
    ],
  })
  console.log(`${placeOf(record)}: to orders.dead-letter after attempt ${attempts}: ${reason}`)
}

/** Stands for the real work: order 2 fails once, an amount below zero always. */
async function bill(record: ConsumerRecord): Promise<void> {
  const order = parseOrder(record)
  if (order.amount < 0) throw new Error(`the bank refused ${order.amount}`)
  if (order.id === 2 && !refusedOnce.has(order.id)) {
    refusedOnce.add(order.id)
    throw new Error('the bank did not answer')
  }
  console.log(`${placeOf(record)}: billed order ${order.id}`)
}

function parseOrder({ value }: ConsumerRecord): { id: number; amount: number } {
  try {
    return JSON.parse(String(value))
  } catch (error) {
    throw new InvalidOrder('not an order', { cause: error })
  }
}

function placeOf({ topic, partition, offset }: ConsumerRecord): string {
  return `${topic}-${partition}@${offset}`
}
