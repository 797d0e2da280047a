import type { Command } from 'commander'
import { Option } from 'commander'
import { StreamBusError } from '../../domain/errors.js'
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

/** Far beyond any record; without a limit an input without line ends would fill the memory. */
const MOST_LINE_BYTES = 16 * 1024 * 1024

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
      new Option('-z, --compression <codec>', 'compress batches').choices([
        'none',
        'gzip',
        'snappy',
        'lz4',
        'zstd',
      ]),
    )
    .addOption(
      new Option(
        '--acks <acks>',
        'who has a record before it counts: all replicas (default), ' +
          '1: the leader, 0: nobody, losses go unseen',
      ).choices(['all', '1', '0']),
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
    const sender = new LineSender({ producer, topic, delimiter, partition, onFailure: stopReading })
    try {
      await sendLines(sender, run.interruption)
    } finally {
      await sender.settled()
      await report(run, topic, sender)
    }
    if (sender.hasFailed) throw sender.failure()
    await producer.close({ timeoutMs })
  })
}

const stopReading = (): void => {
  process.stdin.destroy()
}

/** Reads stdin as fast as lines are acknowledged, until its end, a failure or a signal. */
const sendLines = async (sender: LineSender, { signal }: Interruption): Promise<void> => {
  const isOver = (): boolean => sender.hasFailed || signal.aborted
  const splitter = new LineSplitter()
  signal.addEventListener('abort', stopReading, { once: true })
  if (isOver()) return
  try {
    for await (const chunk of process.stdin) {
      for (const line of splitter.push(chunk as Buffer)) sender.send(line)
      if (splitter.pendingBytes > MOST_LINE_BYTES) throw endlessLine(sender)
      await sender.room()
      if (isOver()) return
    }
    for (const line of splitter.end()) sender.send(line)
  } catch (error) {
    // Destroying stdin ends the loop with an error of its own.
    if (!isOver()) throw error
  }
}

const endlessLine = (sender: LineSender): StreamBusError =>
  new StreamBusError(
    'RECORD_TOO_LARGE',
    `line ${sender.lines + 1} is longer than ${MOST_LINE_BYTES} bytes, no broker takes that; ` +
      `the ${sender.lines} lines before it were sent`,
  )

const report = async (run: CommandRun, topic: string, sender: LineSender): Promise<void> => {
  const { acknowledged, failed, hasFailed } = sender
  if (run.global.isJson) {
    await run.stdout.json({ event: 'produced', topic, acknowledged, failed })
  } else if (!hasFailed) run.notice(`topic ${topic}: ${sender.account()}`)
}
