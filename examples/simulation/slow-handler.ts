// A handler that retries for longer than maxPollIntervalMs: found by simulation.  [RUNS]
import { setTimeout as sleep } from 'node:timers/promises'
import { type Handler, type SimulateManyOptions, simulateMany } from 'streambus/simulation'

const [runs = '10'] = process.argv.slice(2)
const FIRST_BACKOFF_MS = 500

/** Stands for a payment service that refuses one order in 25, however often it is asked. */
const pay = async (order: number): Promise<void> => {
  await sleep(30)
  if (order % 25 === 7) throw new Error(`order ${order}: card expired`)
}

/** Doubles its pause after each attempt; says whether the order was paid in the end. */
const payWithRetries = async (order: number, attempts: number): Promise<boolean> => {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      await pay(order)
      return true
    } catch {
      await sleep(FIRST_BACKOFF_MS * 2 ** attempt)
    }
  }
  return false
}

// 0.5 s, 1 s, 2 s, ... seven times: 63.5 s. Each attempt looks harmless, and in a test with one
// record nothing happens. In a group the member is thrown out, and the next owner begins anew.
const retriesForLong: Handler = async ({ value }) => {
  await payWithRetries(Number(value), 7)
}

// Three attempts take 3.6 s. What then is not paid goes to a queue of its own.
const unpaid = new Set<number>()
const givesUpInTime: Handler = async ({ value }) => {
  if (!(await payWithRetries(Number(value), 3))) unpaid.add(Number(value))
}

const ordersOf = (handler: Handler): SimulateManyOptions => ({
  runs: Number(runs),
  members: 2,
  partitions: 4,
  faults: ['network', 'process'],
  consumer: { maxPollIntervalMs: 30_000 },
  handler,
})

console.log('== seven attempts')
report(await simulateMany(ordersOf(retriesForLong)))
console.log('\n== three attempts, then aside')
report(await simulateMany(ordersOf(givesUpInTime)))

function report({ runs, failure }: Awaited<ReturnType<typeof simulateMany>>): void {
  console.log(failure?.text ?? `${runs} runs, every rule held`)
}
