import type { Command } from 'commander'
import { Option } from 'commander'
import type { CompressionName } from '../../domain/record.js'
import type { Producer } from '../../producer/producer.js'
import { action, type CommandRun, withBus } from '../command-run.js'
import { UsageError } from '../failure.js'
import type { Interruption } from '../interruption.js'
import { integer, unescapeBytes } from '../option-values.js'
import { LineSender } from '../produce/line-sender.js'
import { LineSplitter } from '../produce/line-splitter.js'

interface ProduceOptions {
  readonly keyDelimiter?: string
  readonly partition?: number
  readonly compression?: CompressionName
  readonly acks?: 'all' | '1' | '0'
}

const DELIVERY_TIMEOUT_MS = 30_000

const examples = `
Each line of stdin is one record, an empty line too. With -K what stands before the first
delimiter is the key; a line without one has no key. How many lines were acknowledged is told on
stderr, with --json on stdout.

While brokers cannot be reached a line is tried again for --timeout (default here: 30000), then
the exit code is 4. A line that is refused ends the command with exit code 1, its number and how
many lines were acknowledged. Ctrl+C stops reading and waits for what was sent.

Examples:
  $ streambus produce events < lines.txt
  $ printf 'ann:hello\\nbob:hi\\n' | streambus produce events -K :
  $ streambus produce events -K '\\t' -z zstd < table.tsv`

export const addProduceCommand = (program: Command): void => {
  program
    .command('produce')
    .description('write lines from stdin as records of a topic')
    .argument('<topic>')
    .option('-K, --key-delimiter <text>', 'split each line into key and value here (\\t works)')
    .option('-p, --partition <number>', 'write to this partition only', integer(0, 2_147_483_647))
    .addOption(
      new Option('-z, --compression <codec>', 'compress batches')
        .choices(['none', 'gzip', 'snappy', 'lz4', 'zstd']),
    )
    .addOption(
      new Option('--acks <acks>', 'who has a record before it counts: all replicas (default), ' +
        '1: the leader, 0: nobody, losses go unseen').choices(['all', '1', '0']),
    )
    .addHelpText('after', examples)
    .action(action(runProduce, { isGraceful: true }))
}

const runProduce = async (
  run: CommandRun,
  [topic = '']: readonly string[],
  options: ProduceOptions,
): Promise<void> => {
  const delimiter =
    options.keyDelimiter === undefined ? undefined : unescapeBytes(options.keyDelimiter)
  if (delimiter?.length === 0) throw new UsageError('-K: the delimiter must not be empty')
  const { acks, compression, partition } = options
  await withBus(run, async (bus) => {
    const timeoutMs = run.global.timeoutMs ?? DELIVERY_TIMEOUT_MS
    const producer: Producer = bus.producer({
      deliveryTimeoutMs: timeoutMs,
      ...(acks === undefined || acks === 'all' ? {} : { acks: acks === '1' ? 1 : 0 }),
      ...(compression === undefined ? {} : { compression }),
    })
    const sender = new LineSender({ producer, topic, delimiter, partition })
    const splitter = new LineSplitter()
    try {
      await sendLines(splitter, sender, run.interruption)
    } finally {
      await sender.settled()
      await report(run, topic, sender)
    }
    if (sender.hasFailed) throw sender.failure()
    await producer.close({ timeoutMs })
  })
}

/** Reads stdin as fast as lines are acknowledged, until its end, a failure or a signal. */
const sendLines = async (
  splitter: LineSplitter,
  sender: LineSender,
  { signal }: Interruption,
): Promise<void> => {
  const { stdin } = process
  const stop = (): void => {
    stdin.destroy()
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const sendAll = (lines: readonly Buffer[]): void => {
    for (const line of lines) sender.send(line)
  }
  try {
    for await (const chunk of stdin) {
      sendAll(splitter.push(chunk as Buffer))
      await sender.room()
      if (sender.hasFailed || signal.aborted) return
    }
    sendAll(splitter.end())
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

const report = async (run: CommandRun, topic: string, sender: LineSender): Promise<void> => {
  const { acknowledged, failed, hasFailed } = sender
  if (run.global.isJson) {
    await run.stdout.json({ event: 'produced', topic, acknowledged, failed })
  } else if (!hasFailed) run.notice(`topic ${topic}: ${sender.account()}`)
}
