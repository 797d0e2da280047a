import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import { action, type CommandRun, withAdmin } from '../command-run.js'
import { UsageError } from '../failure.js'
import { integer, nameAndNumber, repeated } from '../option-values.js'
import { printRows } from '../rows.js'

interface CreateOptions {
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly config?: readonly (readonly [string, string])[]
  readonly ifNotExists?: true
}

const createExamples = `
Examples:
  $ streambus topic create events:4
  $ streambus topic create events --partitions 4 --config max.message.bytes=2000000`

export const addTopicCommand = (program: Command): void => {
  const topic = program.command('topic').description('create, list, describe and delete topics')
  topic
    .command('create')
    .description('create a topic')
    .argument('<name[:partitions]>')
    .option('--partitions <number>', "default: the broker's", integer(1, 2_147_483_647))
    .option('--replication-factor <number>', "default: the broker's", integer(1, 32_767))
    .option('--config <key=value>', 'a topic setting; may be repeated', repeated(setting))
    .option('--if-not-exists', 'leave a topic alone that exists')
    .addHelpText('after', createExamples)
    .action(action(createTopic))
  topic.command('list').description('list all topics').action(action(listTopics))
  topic
    .command('describe')
    .description('show the partitions of a topic: leader, replicas, first and next offset')
    .argument('<name>')
    .action(action(describeTopic))
  topic
    .command('delete')
    .description('delete a topic with all its records')
    .argument('<name>')
    .action(action(deleteTopic))
}

const setting = (text: string): readonly [string, string] => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Expected KEY=VALUE.')
  return [text.slice(0, at), text.slice(at + 1)]
}

const createTopic = async (
  run: CommandRun,
  [given = '']: readonly string[],
  options: CreateOptions,
): Promise<void> => {
  const { name, number } = nameAndNumber('PARTITIONS')(given)
  if (number !== undefined && options.partitions !== undefined && number !== options.partitions) {
    throw new UsageError(`${given} and --partitions ${options.partitions} contradict each other`)
  }
  const partitions = number ?? options.partitions
  const { replicationFactor } = options
  const isCreated = await withAdmin(run, async (admin) => {
    try {
      await admin.createTopic(name, {
        ...(partitions === undefined ? {} : { partitions }),
        ...(replicationFactor === undefined ? {} : { replicationFactor }),
        configs: Object.fromEntries(options.config ?? []),
      })
      return true
    } catch (error) {
      const exists = isStreamBusError(error) && error.code === 'TOPIC_EXISTS'
      if (exists && options.ifNotExists === true) return false
      throw refused(error)
    }
  })
  const word = isCreated ? 'created topic' : 'there is already a topic'
  if (run.global.isJson) await run.stdout.json({ topic: name, created: isCreated })
  else await run.stdout.line(`${word} ${name}`)
}

const wrongArguments = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_CONFIG',
])

/** What the broker refuses because of what was asked for is a matter of usage. */
const refused = (error: unknown): unknown =>
  isStreamBusError(error) && wrongArguments.has(error.kafkaError ?? '')
    ? new StreamBusError('INVALID_ARGUMENT', error.message, { ...error.address, cause: error })
    : error

const listTopics = async (run: CommandRun): Promise<void> => {
  const topics = await withAdmin(run, (admin) => admin.listTopics())
  await printRows(
    run,
    topics.map(({ name, ...topic }) => ({ topic: name, ...topic })),
    { TOPIC: ({ topic }) => topic, PARTITIONS: ({ partitions }) => partitions },
  )
}

const describeTopic = async (run: CommandRun, [name = '']: readonly string[]): Promise<void> => {
  const [topic] = await withAdmin(run, (admin) => admin.describeTopics([name]))
  await printRows(
    run,
    topic!.partitions.map((each) => ({ topic: name, ...each })),
    {
      PARTITION: ({ partition }) => partition,
      LEADER: ({ leader }) => leader,
      REPLICAS: ({ replicas }) => replicas.join(','),
      EARLIEST: ({ earliestOffset }) => earliestOffset,
      LATEST: ({ latestOffset }) => latestOffset,
    },
  )
}

const deleteTopic = async (run: CommandRun, [name = '']: readonly string[]): Promise<void> => {
  await withAdmin(run, async (admin) => {
    // Says at once that there is none; the controller's word for it might be a passing one.
    await admin.describeTopics([name])
    await admin.deleteTopics([name])
  })
  if (run.global.isJson) await run.stdout.json({ topic: name, deleted: true })
  else await run.stdout.line(`deleted topic ${name}`)
}
