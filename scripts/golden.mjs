// Writes what tests compare byte for byte anew: the golden traces (test/simulation/golden) and what
// the examples print in docs/simulation.md. Read the difference before it is committed.
import { spawnSync } from 'node:child_process'

const files = ['test/simulation/golden.test.ts', 'test/examples/simulation.test.ts']
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...files],
  {
    stdio: 'inherit',
    env: { ...process.env, STREAMBUS_GOLDEN: 'write' },
  },
)
process.exit(status ?? 1)
