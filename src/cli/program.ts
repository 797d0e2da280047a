import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { addBrokerCommand } from './commands/broker.js'
import { addConsumeCommand } from './commands/consume.js'
import { addDemoCommand } from './commands/demo.js'
import { addGroupCommand } from './commands/group.js'
import { addProduceCommand } from './commands/produce.js'
import { addReplayCommand } from './commands/replay.js'
import { addSimulateCommand } from './commands/simulate.js'
import { addTopicCommand } from './commands/topic.js'
import { exitCodeOf, exitCodes, explain, oneLine, UsageError } from './failure.js'
import { addGlobalOptions } from './global-options.js'
import type { LogFormat } from './log-lines.js'
import { writeError } from './logging.js'

const examples = `
Where \`streambus\` is not on your path: npx --no-install streambus, in a project that has it.

Examples:
  $ streambus broker --topic events:4                  a broker in this terminal
  $ echo 'hello' | streambus produce events            one record
  $ streambus consume events -G readers                a member of the group "readers"
  $ streambus group lag readers                        how far behind it is
  $ streambus simulate                                 1,000 groups in virtual time, with faults

Exit codes: 0 ok, 1 failed, 2 usage, 3 not found (topic, group, trace), 4 unreachable or timed out,
5 property violated, 130 interrupted by Ctrl+C (143 by SIGTERM, 129 by SIGHUP).`

const version = (): string => {
  const { version } = createRequire(import.meta.url)('streambus/package.json')
  return String(version)
}

export const createProgram = (): Command => {
  const program = new Command('streambus')
  // Inherited by the commands, so it has to come before them.
  program
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .description('Consumer groups you can see and prove: a broker, clients, and a look inside.')
    .version(version(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'the same as --help')
    .addHelpText('after', examples)
  addGlobalOptions(program)
  addBrokerCommand(program)
  addTopicCommand(program)
  addProduceCommand(program)
  addConsumeCommand(program)
  addGroupCommand(program)
  addDemoCommand(program)
  addSimulateCommand(program)
  addReplayCommand(program)
  return program
}

/** Runs one command line (without `node` and the script) to its exit code. Never rejects. */
export const runCli = async (argv: readonly string[]): Promise<number> => {
  const format = logFormatIn(argv)
  const fail = (error: unknown): number => {
    const explanation = explain(error)
    if (explanation !== undefined) writeError(explanation, format)
    return exitCodeOf(error)
  }
  // Help into a pipe that nobody reads; what commands write hears of its own failures.
  process.stdout.on('error', () => {})
  process.on('uncaughtException', (error) => process.exit(fail(error)))
  const program = createProgram()
  try {
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync(argv, { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(error)
    // Help and version were printed already.
    return error.exitCode === 0 ? exitCodes.ok : fail(new UsageError(usageText(error)))
  }
}

/** commander's `error: unknown option '--x'\n(Did you mean --y?)` in our words' order. */
const usageText = ({ message, code }: CommanderError): string => {
  if (code === 'commander.help') return 'name a command; --help lists them'
  const text = oneLine(message.replace(/^error: /, '')).replace(/\.$/, '')
  return `${text}; --help tells more`
}

/** An error in the command line is told in the format that the command line asks for. */
const logFormatIn = (argv: readonly string[]): LogFormat =>
  argv.some((each, at) => each === '--log=json' || (each === '--log' && argv[at + 1] === 'json'))
    ? 'json'
    : 'text'
