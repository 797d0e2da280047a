import { GROUP } from '../workload/names.js'
import type { World } from '../world.js'

/** One each for metadata, fetching and sending (design D12), by broker; one more while it dials. */
const CONNECTIONS_BY_BROKER = 4
/** Joining and control, by group. */
const CONNECTIONS_OF_GROUP = 2

/** What a world uses at this moment, each count beside the most that can be needed. */
export const countResources = (world: World): Readonly<Record<string, number>> => {
  const { cluster, wire, time } = world
  const running = world.running()
  const group = cluster.isUp ? cluster.broker.groups.describe(GROUP) : undefined
  const members = running.filter((run) => !run.isIdle).length
  const clients = running.length + (world.plan.producer === 'direct' ? 0 : 1)
  const ofClient = cluster.nodeIds.length * CONNECTIONS_BY_BROKER + CONNECTIONS_OF_GROUP
  const gates = new Set(world.left().map(({ process }) => process.gate))
  let leftTimers = 0
  for (const { gate } of time.pending) if (gates.has(gate)) leftTimers++
  return {
    members: group?.members.length ?? 0,
    'most members': members,
    connections: wire.openStreams(),
    'most connections': clients * ofClient,
    'timers of closed members': leftTimers,
    'most timers of closed members': 0,
  }
}
