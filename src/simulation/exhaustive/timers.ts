import type { Assumptions } from './assumptions.js'
import type { ClientCell } from './client-cell.js'

/**
 * Whether a timer of the coordinator that waits for a member can run out now. `yes`: it will,
 * unless the member comes first. `early`: only by a fault, since in real time the member would
 * come first. `no`: not under the assumptions.
 */
export type TimerVerdict = 'yes' | 'early' | 'no'

export const mayFire = (
  timer: 'session' | 'rebalance',
  { process, link, held }: ClientCell,
  assumptions: Assumptions,
): TimerVerdict => {
  if (link.isSilent) return 'yes'
  const waitsInVain = link.call?.stage === 'lost' || link.call?.stage === 'forgotten'
  if (timer === 'session') {
    // Without heartbeats the session runs out long before the deadline of a lost call.
    if (waitsInVain && process.facts?.heartbeat === null) return 'yes'
    return link.isAhead || !assumptions.clocksAgree ? 'early' : 'no'
  }
  if (waitsInVain && (held === 0 || !assumptions.lostCallsAreNoticed)) return 'yes'
  return assumptions.handOversEnd ? 'no' : 'early'
}
