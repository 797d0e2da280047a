#!/usr/bin/env node
import { runCli } from './program.js'

const exitCode = await runCli(process.argv.slice(2))
// What was written to a pipe may still be on its way; an open stdin must not keep us.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
process.exit(exitCode)
