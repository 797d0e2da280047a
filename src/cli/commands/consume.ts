import type { Command } from 'commander'
import type { Bus } from '../../connect.js'
import type { ConsumerOptions } from '../../consumer/config.js'
import type { Consumer } from '../../consumer/consumer.js'
import type { SeekTarget } from '../../consumer/look-ups.js'
import type { TopicPartition } from '../../domain/topic-partition.js'
import { action, type CommandRun, withBus } from '../command-run.js'
import { consumeLoop } from '../consume/consume-loop.js'
import { groupCallbacks } from '../consume/group-notices.js'
import { DEFAULT_FORMAT, formatLetters, recordFormat } from '../consume/record-format.js'
import { jsonFormat } from '../consume/record-json.js'
import { Troubles } from '../consume/troubles.js'
import { UsageError } from '../failure.js'
import { DEFAULT_TIMEOUT_MS } from '../global-options.js'
import { integer, milliseconds } from '../option-values.js'

interface ConsumeOptions {
  readonly group?: string
  readonly partition?: number
  readonly offset?: string
  readonly count?: number
  readonly exit?: true
  readonly format?: string
  readonly strategy?: string
  readonly sessionTimeout?: number
}

const examples = `
Format: ${formatLetters.join(' ')} are topic, partition, offset, key, key length, value,
value length, headers and timestamp (ms); \\n \\t \\xHH as usual. Default: '${DEFAULT_FORMAT}'.
As with kcat, a format of your own ends no line unless it says so.

With -G offsets are committed for what was written to stdout, every second, when partitions go,
and at the end; rebalances are told on stderr. Ctrl+C commits and leaves the group; a second one
ends at once. When whoever reads stdout goes (| head), it leaves the group and exits with 0.
--timeout: exit code 4 when no record came for so long (default: wait; with -e 30 s).

Examples:
  $ streambus consume events -e                              all there is, then stop
  $ streambus consume events -p 0 -o 100 -c 10               ten records from offset 100
  $ streambus consume events -G readers -f '%p:%o %k=%s\\n'   as a member of a group`

export const addConsumeCommand = (program: Command): void => {
  program
    .command('consume')
    .description('print the records of a topic, alone or as a member of a group')
    .argument('<topic>')
    .option('-G, --group <group>', 'join this group, go on from its committed offsets')
    .option('-p, --partition <number>', 'read only this partition', integer(0, 2_147_483_647))
    .option(
      '-o, --offset <where>',
      'beginning, end or an offset (default: beginning); with -G only where nothing is committed',
    )
    .option('-c, --count <number>', 'stop after so many records', integer(1))
    .option('-e, --exit', 'stop at the end of what is there')
    .option('-f, --format <format>', 'how to print a record')
    .option(
      '--strategy <names>',
      'with -G: range (default), roundrobin, sticky, ' +
        'cooperative-sticky, or several in order of preference',
    )
    .option('--session-timeout <ms>', 'with -G: default 30000', milliseconds)
    .addHelpText('after', examples)
    .action(action(runConsume, { isGraceful: true }))
}

const runConsume = async (
  run: CommandRun,
  [topic = '']: readonly string[],
  options: ConsumeOptions,
): Promise<void> => {
  checkTogether(run, options)
  const start = startOf(options)
  const format = run.global.isJson ? jsonFormat : recordFormat(options.format ?? DEFAULT_FORMAT)
  await withBus(run, async (bus) => {
    const troubles = new Troubles((message) => run.logger.warn(message))
    const consumer: Consumer = bus.consumer({
      ...(options.group === undefined
        ? await assigned(run, bus, topic, options, start, () => consumer)
        : membership(run, topic, options, () => consumer)),
      offsetReset: start === 'end' ? 'latest' : typeof start === 'number' ? 'none' : 'earliest',
      requestTimeoutMs: run.global.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      onError: troubles.take,
    })
    await finishing(run, consumer, () =>
      consumeLoop({
        consumer,
        format,
        stdout: run.stdout,
        interruption: run.interruption,
        count: options.count ?? Number.POSITIVE_INFINITY,
        untilEnd: options.exit === true,
        idleLimitMs: idleLimitMs(run, options),
        troubles,
      }),
    )
  })
}

const checkTogether = ({ global }: CommandRun, options: ConsumeOptions): void => {
  const { group, partition, strategy, sessionTimeout, format } = options
  if (group !== undefined && partition !== undefined) {
    throw new UsageError('-G and -p exclude each other: a group decides who reads which partition')
  }
  if (group === undefined && strategy !== undefined) throw new UsageError('--strategy needs -G')
  if (group === undefined && sessionTimeout !== undefined) {
    throw new UsageError('--session-timeout needs -G')
  }
  if (global.isJson && format !== undefined) {
    throw new UsageError('--json and -f exclude each other: choose one')
  }
}

type Start = 'beginning' | 'end' | number

const startOf = ({ offset = 'beginning', group }: ConsumeOptions): Start => {
  if (offset === 'beginning' || offset === 'end') return offset
  const number = /^\d+$/.test(offset) ? Number(offset) : Number.NaN
  if (!Number.isSafeInteger(number)) {
    throw new UsageError(`-o ${offset}: expected beginning, end or an offset such as 100`)
  }
  if (group === undefined) return number
  throw new UsageError(
    `-o ${offset} with -G: a group goes on from its committed offsets; ` +
      'change them with streambus group reset-offsets',
  )
}

/** -e is for scripts, which should end also when the cluster is gone. */
const idleLimitMs = ({ global }: CommandRun, { exit, group }: ConsumeOptions): number => {
  if (global.timeoutMs !== undefined) return global.timeoutMs
  if (exit === undefined) return Number.POSITIVE_INFINITY
  // Another member may take the whole rebalance timeout (60 s) before it lets go.
  return group === undefined ? 30_000 : 70_000
}

/** Partitions without a group: the one asked for, or all. */
const assigned = async (
  run: CommandRun,
  bus: Bus,
  topic: string,
  { partition }: ConsumeOptions,
  start: Start,
  consumer: () => Consumer,
): Promise<Partial<ConsumerOptions>> => {
  const seekTo = (target: SeekTarget) => async (partitions: readonly TopicPartition[]) => {
    await Promise.all(partitions.map((tp) => consumer().seek(tp, target)))
  }
  const numbers =
    partition === undefined
      ? await run.interruption.orInterrupted(partitionsOf(bus, topic))
      : [partition]
  return {
    assign: numbers.map((number) => ({ topic, partition: number })),
    ...(typeof start === 'number' ? { onPartitionsAssigned: seekTo(start) } : {}),
  }
}

const partitionsOf = async (bus: Bus, topic: string): Promise<number[]> => {
  const [description] = await bus.admin().describeTopics([topic])
  return description!.partitions.map(({ partition }) => partition)
}

const membership = (
  run: CommandRun,
  topic: string,
  { group = '', strategy, sessionTimeout }: ConsumeOptions,
  consumer: () => Consumer,
): Partial<ConsumerOptions> => ({
  groupId: group,
  topics: [topic],
  autoCommitIntervalMs: 1_000,
  ...(strategy === undefined ? {} : { assignmentStrategy: strategy.split(',') }),
  ...(sessionTimeout === undefined
    ? {}
    : {
        sessionTimeoutMs: sessionTimeout,
        heartbeatIntervalMs: Math.max(1, Math.min(3_000, Math.floor(sessionTimeout / 3))),
      }),
  ...groupCallbacks(group, run.notice, consumer),
})

/** However the reading ends: what was written is committed, the group is left. */
const finishing = async (
  run: CommandRun,
  consumer: Consumer,
  read: () => Promise<boolean>,
): Promise<void> => {
  const isMember = consumer.stats().groupId !== null
  const timeoutMs = Math.min(run.global.timeoutMs ?? DEFAULT_TIMEOUT_MS, DEFAULT_TIMEOUT_MS)
  try {
    const isWritten = await read()
    if (isWritten && isMember) await consumer.commit()
  } catch (error) {
    await consumer.close({ timeoutMs }).catch(() => {})
    throw error
  }
  await consumer.close({ timeoutMs })
}
