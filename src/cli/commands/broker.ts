import type { Command } from 'commander'
import { action, type CommandRun } from '../command-run.js'
import { UsageError } from '../failure.js'
import { integer, type NameAndNumber, nameAndNumber, repeated } from '../option-values.js'

interface BrokerOptions {
  readonly port: number
  readonly host: string
  readonly advertise?: string
  readonly data?: string
  readonly fsync?: true
  readonly topic?: readonly NameAndNumber[]
  readonly autoCreateTopics?: true
}

const examples = `
Without --data everything is kept in memory and gone with the broker. Ctrl+C (exit code 130) and
SIGTERM (exit code 0) stop it. Each rebalance of a group is logged on stderr with its cause.

With --json one line on stdout says that it is ready:
  {"event":"listening","host":"127.0.0.1","port":9092,"data":null}

Examples:
  $ streambus broker --topic events:4
  $ streambus broker --data ./data --fsync --port 9093
  $ streambus broker --host 0.0.0.0 --advertise broker.example:9092`

export const addBrokerCommand = (program: Command): void => {
  program
    .command('broker')
    .description('run a broker that any Kafka client can use')
    .option('--port <port>', 'TCP port; 0 takes any free one', integer(0, 65_535), 9092)
    .option('--host <address>', 'address to listen at', '127.0.0.1')
    .option('--advertise <host:port>', 'where clients are told to connect (default: as they did)')
    .option('--data <dir>', 'keep everything in this directory (default: in memory)')
    .option('--fsync', 'acknowledge what the disk has, to survive power loss; needs --data')
    .option(
      '--topic <name:partitions>',
      'create a topic unless it exists; may be repeated',
      repeated(nameAndNumber('PARTITIONS')),
    )
    .option('--auto-create-topics', 'create topics when clients ask for them')
    .addHelpText('after', examples)
    .action(action(runBroker, { logLevel: 'info', isGraceful: true, sigtermExitCode: 0 }))
}

const runBroker = async (
  run: CommandRun,
  _args: readonly string[],
  options: BrokerOptions,
): Promise<void> => {
  const { startBroker } = await import('../../broker/index.js')
  const broker = await startBroker({
    port: options.port,
    host: options.host,
    advertise: options.advertise,
    dataDir: options.data,
    fsync: options.fsync,
    topics: topicsOf(options.topic ?? []),
    autoCreateTopics: options.autoCreateTopics,
    logger: run.logger,
  })
  try {
    const { host, port, address } = broker
    const { data } = options
    if (run.global.isJson) {
      await run.stdout.json({ event: 'listening', host, port, data: data ?? null })
    } else {
      const where = data === undefined ? 'in memory' : `in ${data}`
      await run.stdout.line(`StreamBus broker at ${address}, data ${where}. Ctrl+C stops it.`)
    }
    await run.interruption.happened
  } finally {
    await broker.close()
  }
}

const topicsOf = (given: readonly NameAndNumber[]): Record<string, { partitions: number }> => {
  const topics = new Map<string, { partitions: number }>()
  for (const { name, number: partitions = 1 } of given) {
    const before = topics.get(name)?.partitions ?? partitions
    if (before !== partitions) {
      throw new UsageError(`--topic ${name} is given with ${before} and ${partitions} partitions`)
    }
    topics.set(name, { partitions })
  }
  return Object.fromEntries(topics)
}
