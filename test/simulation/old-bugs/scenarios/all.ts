import type { Scenario } from '../scenario.js'
import { committingScenarios } from './committing.js'
import { joiningScenarios } from './joining.js'
import { readingScenarios } from './reading.js'
import { syncingScenarios } from './syncing.js'

export const scenarios: readonly Scenario[] = [
  ...joiningScenarios,
  ...syncingScenarios,
  ...committingScenarios,
  ...readingScenarios,
]
