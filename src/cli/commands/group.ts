import type { Command } from 'commander'
import { keyOf } from '../../domain/topic-partition.js'
import { action, type CommandRun, withAdmin } from '../command-run.js'
import { printRows } from '../rows.js'
import { table } from '../table.js'
import { addResetOffsetsCommand } from './reset-offsets.js'

export const addGroupCommand = (program: Command): void => {
  const group = program
    .command('group')
    .description('list and describe groups, show their lag, reset their offsets')
  group.command('list').description('list all groups').action(action(listGroups))
  group
    .command('describe')
    .description('show the state and the members of a group, and who has which partitions')
    .argument('<group>')
    .action(action(describeGroup))
  group
    .command('lag')
    .description('show what a group has committed of each partition, and how far behind it is')
    .argument('<group>')
    .addHelpText('after', '\nUnknown is shown as "-" (with --json: null), which is not 0.')
    .action(action(showLag))
  addResetOffsetsCommand(group)
}

const listGroups = async (run: CommandRun): Promise<void> => {
  const groups = await withAdmin(run, (admin) => admin.listGroups())
  await printRows(run, groups, {
    GROUP: ({ groupId }) => groupId,
    STATE: ({ state }) => state,
    TYPE: ({ protocolType }) => protocolType,
  })
}

const describeGroup = async (run: CommandRun, [groupId = '']: readonly string[]): Promise<void> => {
  const group = await withAdmin(run, (admin) => admin.describeGroup(groupId))
  if (run.global.isJson) return run.stdout.json(group)
  const { state, protocol, coordinator, members } = group
  const strategy = protocol === '' ? '' : `, strategy ${protocol}`
  const count = `${members.length} ${members.length === 1 ? 'member' : 'members'}`
  const where = `coordinator ${coordinator.host}:${coordinator.port}`
  await run.stdout.line(`group ${groupId}: ${state}, ${count}${strategy}, ${where}`)
  if (members.length === 0) return
  const rows = members.map(({ memberId, clientId, clientHost, assignment }) => [
    memberId,
    clientId,
    clientHost,
    assignment?.map(keyOf).join(',') ?? null,
  ])
  await run.stdout.write(table(['MEMBER', 'CLIENT', 'HOST', 'PARTITIONS'], rows))
}

const showLag = async (run: CommandRun, [groupId = '']: readonly string[]): Promise<void> => {
  const offsets = await withAdmin(run, (admin) => admin.groupOffsets(groupId))
  const rows = offsets.map(({ lag, ...offset }) => ({ ...offset, committedLag: lag }))
  await printRows(run, rows, {
    TOPIC: ({ topic }) => topic,
    PARTITION: ({ partition }) => partition,
    COMMITTED: ({ committedOffset }) => committedOffset,
    'LOG-START': ({ logStartOffset }) => logStartOffset,
    'LOG-END': ({ logEndOffset }) => logEndOffset,
    LAG: ({ committedLag }) => committedLag,
  })
}
