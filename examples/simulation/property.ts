// A property of one's own: scripts drawn and shrunk by fast-check.  [RUNS]
import fc from 'fast-check'
import { arbitraries, checkPlan } from 'streambus/simulation'

const [runs = '20'] = process.argv.slice(2)

const { plan } = arbitraries(fc)
const small = plan({ members: { max: 3 }, partitions: { max: 6 }, maxSteps: 12 })

let rebalances = 0
fc.assert(
  fc.property(small, (drawn) => {
    const stats = checkPlan(drawn) // throws when a rule is broken
    rebalances += stats.rebalances
    return stats.simulatedMs < 10 * 60_000
  }),
  { numRuns: Number(runs), seed: 1 },
)
console.log(`${runs} plans, ${rebalances} rebalances, every rule held`)
