// A handler that books a transfer twice when it is delivered twice: found by simulation.  [RUNS]
import { type Handler, type SimulateManyOptions, simulateMany } from 'streambus/simulation'

const [runs = '10'] = process.argv.slice(2)

interface Transfer {
  readonly id: string
  readonly account: string
  readonly amount: number
}

/** Stands for the bank's database: it outlives every process of the group. */
class Bank {
  readonly balances = new Map<string, number>()
  readonly #booked = new Set<string>()

  credit({ account, amount }: Transfer): void {
    this.balances.set(account, (this.balances.get(account) ?? 0) + amount)
  }

  /** One transaction: the transfer's id is stored together with what it does. */
  creditOnce(transfer: Transfer): void {
    if (this.#booked.has(transfer.id)) return
    this.#booked.add(transfer.id)
    this.credit(transfer)
  }
}

let bank = new Bank()

// What happens when a process is killed after the credit and before the commit? The record is
// delivered again, to whoever takes the partition over.
const creditsTwice: Handler = async ({ value }, { sleep }) => {
  bank.credit(transferIn(value))
  await sleep(20) // tells the customer
}

const creditsOnce: Handler = async ({ value }, { sleep }) => {
  bank.creditOnce(transferIn(value))
  await sleep(20)
}

const bankOf = (handler: Handler): SimulateManyOptions => ({
  runs: Number(runs),
  members: 2,
  partitions: 4,
  faults: ['process'],
  workload: {
    record: ({ topic, partition, id }) => {
      const transfer: Transfer = {
        id: `${topic}-${partition}-${id}`,
        account: ['alice', 'bob', 'carol'][id % 3]!,
        amount: 1 + (id % 10),
      }
      return { key: transfer.account, value: JSON.stringify(transfer) }
    },
  },
  handler,
  setUp: () => {
    bank = new Bank()
  },
  // What every rule of a consumer group allows may still be wrong for the bank.
  check: ({ records }) => {
    const ledger = new Bank()
    for (const { value } of records) ledger.credit(transferIn(value))
    for (const [account, balance] of ledger.balances) {
      const has = bank.balances.get(account) ?? 0
      if (has !== balance) throw new Error(`${account} has ${has}, transferred were ${balance}`)
    }
  },
})

console.log('== a handler that is not idempotent')
report(await simulateMany(bankOf(creditsTwice)))
console.log('\n== the same with a transfer booked only once')
report(await simulateMany(bankOf(creditsOnce)))

function report({ runs, failure }: Awaited<ReturnType<typeof simulateMany>>): void {
  console.log(failure?.text ?? `${runs} runs, every rule held`)
}

function transferIn(value: Buffer | null): Transfer {
  return JSON.parse(String(value))
}
