import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import type { Admin } from '../../admin/admin.js'
import type { ResetOffset, ResetTarget } from '../../admin/offsets.js'
import { StreamBusError } from '../../domain/errors.js'
import { keyOf } from '../../domain/topic-partition.js'
import { action, type CommandRun, withAdmin } from '../command-run.js'
import { type NameAndNumber, nameAndNumber, repeated } from '../option-values.js'
import { printRows } from '../rows.js'

interface ResetOptions {
  readonly topic: readonly NameAndNumber[]
  readonly to: ResetTarget
  readonly dryRun?: boolean
}

const examples = `
The group must exist and have no members: they would go on from where they are. A time means the
first record at or after it; without a zone it is local time.

Examples:
  $ streambus group reset-offsets readers --topic events --to beginning
  $ streambus group reset-offsets readers --topic events:0 --to 1500 --dry-run
  $ streambus group reset-offsets readers --topic events --to 2026-01-31T12:00:00Z`

export const addResetOffsetsCommand = (group: Command): void => {
  group
    .command('reset-offsets')
    .description('set where a group goes on, and print what changed')
    .argument('<group>')
    .requiredOption(
      '--topic <name[:partition]>',
      'all partitions of a topic, or one; may be repeated',
      repeated(nameAndNumber('PARTITION')),
    )
    .requiredOption('--to <where>', 'beginning, end, an offset, or a time in ISO 8601', target)
    .option('--dry-run', 'only print what would change')
    .addHelpText('after', examples)
    .action(action(resetOffsets))
}

const ISO_TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/

const target = (text: string): ResetTarget => {
  if (text === 'beginning' || text === 'end') return text
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  // A date alone would be read as UTC, with a time as local: midnight here for both.
  const timestampMs = ISO_TIME.test(text)
    ? Date.parse(text.length === 10 ? `${text}T00:00` : text)
    : Number.NaN
  if (Number.isSafeInteger(timestampMs) && timestampMs >= 0) return { timestampMs }
  throw new InvalidArgumentError(
    'Expected beginning, end, an offset such as 1500, or a time such as 2026-01-31T12:00:00Z.',
  )
}

const resetOffsets = async (
  run: CommandRun,
  [groupId = '']: readonly string[],
  { topic, to, dryRun = false }: ResetOptions,
): Promise<void> => {
  const topics = topic.map(({ name, number }) =>
    number === undefined ? name : { topic: name, partition: number },
  )
  const changes = await withAdmin(run, async (admin) => {
    // A misspelt group would come into being by the commit.
    await admin.describeGroup(groupId)
    const plan = await admin.resetOffsets(groupId, { to, topics, dryRun: true })
    if (typeof to === 'number') await requireInLog(admin, plan)
    return dryRun ? plan : admin.resetOffsets(groupId, { to, topics })
  })
  await printRows(run, changes, {
    TOPIC: ({ topic }) => topic,
    PARTITION: ({ partition }) => partition,
    BEFORE: ({ before }) => before,
    AFTER: ({ after }) => after,
  })
  if (dryRun) run.notice('dry run: nothing was changed')
}

/** An offset outside the log would make its consumers begin wherever their own reset says. */
const requireInLog = async (admin: Admin, plan: readonly ResetOffset[]): Promise<void> => {
  const names = [...new Set(plan.map(({ topic }) => topic))]
  const topics = await admin.describeTopics(names)
  for (const { topic, partition, after } of plan) {
    const found = topics.find(({ name }) => name === topic)
    const log = found?.partitions.find((each) => each.partition === partition)
    const first = log?.earliestOffset ?? 0
    const next = log?.latestOffset ?? Number.POSITIVE_INFINITY
    if (after >= first && after <= next) continue
    const at = keyOf({ topic, partition })
    const text = `offset ${after} is outside ${at}, which goes from ${first} to ${next}`
    throw new StreamBusError('INVALID_ARGUMENT', text, { topic, partition, field: 'to' })
  }
}
