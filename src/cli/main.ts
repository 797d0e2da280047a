#!/usr/bin/env node
import { runCli } from './program.js'

const FIRST_SIGNAL_CODE = 128

const exitCode = await runCli(process.argv.slice(2))
// What was written to a pipe may still be on its way; after a signal nobody waits for its reader.
if (exitCode < FIRST_SIGNAL_CODE) {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
}
// Not by itself: an open stdin would keep us.
process.exit(exitCode)
