import '../setup.js'
import { chartNames, mutantsOfCharts, tryMutant } from './trial.js'

/** A process of its own: a mutant that never ends can be ended with it. */
const mutants = new Map(mutantsOfCharts(chartNames).map((mutant) => [mutant.id, mutant]))

process.on('message', async (id: string) => {
  process.send!(await tryMutant(mutants.get(id)!))
})
process.send!('ready')
