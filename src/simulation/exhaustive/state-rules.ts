import { processName } from './identities.js'
import type { Model, State } from './model.js'
import { partitionNames } from './partition-set.js'

/** What is wrong with a state as a whole, if anything: the safety of the group. */
export const stateProblem = (model: Model, state: State): string | null => {
  const { members } = model.options
  const { generation } = model.coordinator(state).group
  let held = 0
  for (let process = 0; process < members; process++) {
    const client = model.client(state, process)
    if ((client.held & held) !== 0) {
      return `one owner: ${partitionNames(client.held & held)} of ${processName(process)} has two`
    }
    held |= client.held
    // Told with an assignment, a generation is stored; the coordinator may not begin below it.
    const last = client.process.facts?.lastGeneration ?? -1
    if (last > generation) {
      const whose = processName(process)
      return `the generation never falls: ${whose} was assigned ${last}, the group is at ${generation}`
    }
  }
  return null
}

/**
 * Where a group shall be and stay once nothing disturbs it: everybody stable at the coordinator's
 * generation, nobody else known, each partition owned once. Without members the group is empty.
 */
export const hasConverged = (model: Model, state: State): boolean => {
  const { members, partitions } = model.options
  const { group } = model.coordinator(state)
  if (group.snapshot.context.pending.size > 0) return false
  let running = 0
  let held = 0
  for (let process = 0; process < members; process++) {
    const { process: cell, link } = model.client(state, process)
    if (link.strays.length > 0) return false
    if (cell.facts === null) continue
    running++
    held |= cell.held
    const isMember =
      cell.path === 'stable' &&
      cell.generation === group.generation &&
      group.memberIds.includes(cell.memberId) &&
      cell.facts.heartbeat?.generation === group.generation
    if (!isMember) return false
  }
  if (group.memberIds.length !== running) return false
  if (running === 0) return group.path === 'empty'
  return group.path === 'stable.serving' && held === 2 ** partitions - 1
}
