import type { ApiName } from '../../transport/protocol/registry.js'
import type { Interference } from '../cluster/interference.js'
import { passingErrors } from '../cluster/interference.js'
import type { Draw } from '../plan/draw.js'
import type { Scene } from '../plan/draw-plan.js'
import type { ProtocolStep } from '../plan/step.js'
import { memberHost } from '../workload/names.js'
import type { World } from '../world.js'

export const performProtocol = (world: World, step: ProtocolStep): void => {
  const of = step.member === undefined ? undefined : memberHost(step.member)
  world.interferences.order(interferenceOf(step), step.api, step.times, of)
}

const interferenceOf = ({ with: what, error, ms = 0 }: ProtocolStep): Interference => {
  if (what === 'refuse') return { do: what, error: error ?? 'COORDINATOR_NOT_AVAILABLE' }
  return what === 'delay' || what === 'throttle' ? { do: what, ms } : { do: what }
}

export const drawProtocol = (draw: Draw, { members, times }: Scene): ProtocolStep => {
  const api = draw.weighted(APIS)
  // The last: until everything is healed.
  const repeats = draw.pick([1, 1, 2, 4, 40])
  const of = draw.chance(0.6) ? { member: draw.int(0, members - 1) } : {}
  const what = draw.weighted(KINDS)
  switch (what) {
    case 'refuse':
      return {
        do: 'answer',
        api,
        with: what,
        error: draw.pick(passingErrors[api] ?? []),
        times: repeats,
        ...of,
      }
    case 'delay':
      return {
        do: 'answer',
        api,
        with: what,
        ms: draw.part(times.requestTimeoutMs, 0.1, 1.3),
        times: repeats,
        ...of,
      }
    case 'throttle':
      return {
        do: 'answer',
        api,
        with: what,
        ms: draw.part(times.sessionTimeoutMs, 0.05, 0.6),
        times: repeats,
        ...of,
      }
    default:
      return { do: 'answer', api, with: what, times: repeats, ...of }
  }
}

const KINDS = [
  [5, 'refuse'],
  [2, 'delay'],
  [1, 'throttle'],
  [2, 'swallow'],
  [3, 'lose'],
  [2, 'repeat'],
] as const
const APIS: readonly (readonly [number, ApiName])[] = [
  [5, 'JoinGroup'],
  [6, 'SyncGroup'],
  [4, 'Heartbeat'],
  [4, 'OffsetCommit'],
  [2, 'OffsetFetch'],
  [2, 'FindCoordinator'],
  [2, 'Fetch'],
  [1, 'ListOffsets'],
  [1, 'LeaveGroup'],
  [1, 'Metadata'],
]
