import { perform } from '../faults/perform.js'
import { convergenceMs } from '../plan/deadlines.js'
import type { World } from '../world.js'
import { countResources } from './resources.js'

/** Runs everything up to the end of a phase: so many milliseconds, or until something holds. */
export interface Advance {
  readonly forMs: number
  readonly until?: () => boolean
}

const QUIET_MS = 5_000
/** One seed in so many is watched for as long as it takes anything periodic to come up. */
const LONG_QUIET_EVERY = 8
const CLOSING_MS = 40_000
const LAST_PACKETS_MS = 1_000
const SLOWEST_PACKET_MS = 6_000

/**
 * The phases of a run: the script with its faults (safety), then everything is healed and the group
 * has to come to rest (liveness), then all members leave.
 */
export function* phases(world: World): Generator<Advance, void> {
  const { plan } = world
  world.tell({ fact: 'phase', phase: 'safety' })
  for (const step of plan.steps) {
    if (step.afterMs > 0) yield { forMs: step.afterMs }
    perform(world, step)
  }
  world.heal()
  world.tell({ fact: 'phase', phase: 'liveness' })
  // What was under way when the network was still slow arrives before that.
  yield { forMs: SLOWEST_PACKET_MS }
  const isAtRest = (): boolean => world.isAtRest()
  const { metadataMaxAgeMs, fetchMaxWaitMs, maxPollIntervalMs } = plan.times
  const limitMs = convergenceMs(plan) + metadataMaxAgeMs + fetchMaxWaitMs + maxPollIntervalMs
  yield { forMs: limitMs, until: isAtRest }
  // A handler may be slow: it is waited for as long as it gets on. A record that it never gets
  // done with comes again and again, and counts for nothing.
  for (let handled = 0; world.recordsHandled > handled && !isAtRest(); ) {
    handled = world.recordsHandled
    yield { forMs: maxPollIntervalMs, until: isAtRest }
  }
  // Where a handler is to blame, its own rules say so.
  const hasHandler = plan.members.some(({ style }) => style === 'handler')
  if (!hasHandler && !isAtRest()) {
    world.tell({ fact: 'unsettled', what: 'the group did not come to rest' })
  }
  world.tell({ fact: 'phase', phase: 'quiet' })
  yield { forMs: quietMs(plan) }
  world.tell({ fact: 'resources', counts: countResources(world) })
  world.tell({ fact: 'phase', phase: 'closing' })
  for (const index of world.memberIndexes) world.stopMember(index)
  yield { forMs: CLOSING_MS, until: () => world.alive().length === 0 }
  yield { forMs: LAST_PACKETS_MS }
  world.tell({ fact: 'resources', counts: countResources(world) })
  world.tell({ fact: 'phase', phase: 'end' })
}

const quietMs = ({ seed, times }: World['plan']): number =>
  seed % LONG_QUIET_EVERY === 0
    ? Math.max(times.sessionTimeoutMs, times.metadataMaxAgeMs) + QUIET_MS
    : QUIET_MS
