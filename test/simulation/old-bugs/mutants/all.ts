import type { Mutant } from '../mutant.js'
import { brokenOnPurpose } from './broken-on-purpose.js'
import { committingMutants } from './committing.js'
import { joiningMutants } from './joining.js'
import { readingMutants } from './reading.js'
import { syncingMutants } from './syncing.js'

export const mutants: readonly Mutant[] = [
  ...brokenOnPurpose,
  ...joiningMutants,
  ...syncingMutants,
  ...committingMutants,
  ...readingMutants,
]

/** For a quick look: those broken on purpose, and three old bugs that few seeds find. */
export const sampleNames: ReadonlySet<string> = new Set([
  ...brokenOnPurpose.map(({ name }) => name),
  'KAFKA-14382',
  'KAFKA-14196',
  'kafkajs-1720',
])
