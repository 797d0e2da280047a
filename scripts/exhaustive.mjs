// Visits every state of a small group, from dist/. Prints where it is, and at the end one line:
// how many states, transitions, how deep, whether that is all of them. Exit 5: something is wrong.
// npm run exhaustive -- --members 3 --partitions 2 --minutes 2 --protocol eager|cooperative
//                       --budget 4 --commits --fine --without clocksAgree,callsStayInOrder
import { parseArgs } from 'node:util'
import { allAssumptions } from '../dist/simulation/exhaustive/assumptions.js'
import { searchExhaustively } from '../dist/simulation/exhaustive/exhaustive-search.js'

const fail = (message) => {
  console.error(message)
  process.exit(2)
}

const options = (() => {
  try {
    return parseArgs({
      options: {
        members: { type: 'string', default: '2' },
        partitions: { type: 'string', default: '2' },
        minutes: { type: 'string', default: '2' },
        protocol: { type: 'string', default: 'eager' },
        budget: { type: 'string' },
        commits: { type: 'boolean', default: false },
        fine: { type: 'boolean', default: false },
        without: { type: 'string', default: '' },
      },
    }).values
  } catch (error) {
    return fail(error.message)
  }
})()

const count = (name, most, byDefault) => {
  const value = Number(options[name] ?? byDefault)
  if (Number.isInteger(value) && value >= 0 && value <= most) return value
  return fail(`--${name} is a whole number up to ${most}, not ${options[name]}`)
}

const { protocol } = options
if (protocol !== 'eager' && protocol !== 'cooperative') {
  fail(`--protocol is eager or cooperative, not ${protocol}`)
}
const members = count('members', 4)
const partitions = count('partitions', 8)
const budget = count('budget', 9, members > 2 ? 2 : 4)
const minutes = Number(options.minutes)
if (!(minutes > 0)) fail(`--minutes is a number above 0, not ${options.minutes}`)

const without = options.without.split(',').filter((name) => name !== '')
const unknown = without.find((name) => !(name in allAssumptions))
if (unknown !== undefined) {
  fail(`--without names assumptions: ${Object.keys(allAssumptions).join(', ')}, not ${unknown}`)
}

const PROGRESS_SECONDS = 10
const begin = performance.now()
const seconds = () => (performance.now() - begin) / 1000
let told = 0

const result = searchExhaustively({
  protocol,
  members,
  partitions,
  budget,
  autoCommits: options.commits,
  mergesQuietSteps: !options.fine,
  assumptions: Object.fromEntries(without.map((name) => [name, false])),
  mayGoOn: (states) => {
    if (seconds() - told > PROGRESS_SECONDS) {
      told = seconds()
      console.error(`${told.toFixed(0)} s: ${states} states`)
    }
    return seconds() < minutes * 60
  },
})

if (result.counterexample !== null) console.log(result.counterexample)
const byCost = result.statesByCost.map((states, cost) => `${states} at ${cost}`).join(', ')
const liveness = result.liveness === null ? 'not checked' : result.liveness.trap ? 'fails' : 'holds'
console.log(`states by what they cost: ${byCost}`)
console.log(`convergence, up to a budget of ${result.closedBudget}: ${liveness}`)
console.log(
  `${protocol}, ${members} members, ${partitions} partitions, budget ${budget}: ` +
    `${result.states} states, ${result.transitions} transitions, depth ${result.depth}, ` +
    `${result.closed ? 'closed' : `closed up to a budget of ${result.closedBudget}`}, ` +
    `${seconds().toFixed(0)} s`,
)
process.exitCode = result.counterexample === null ? 0 : 5
