import type { JoinEvent } from '../../../../src/machines/group-coordinator/events.js'
import { get } from '../../../../src/machines/group-coordinator/keyed.js'
import type {
  RebalanceCause,
  RebalanceWhat,
} from '../../../../src/machines/group-coordinator/rebalance-cause.js'
import { storedGroup } from '../../../../src/machines/group-coordinator/stored-group.js'
import { holds, same } from '../../rule.js'
import type { Sample, Stepped } from '../coordinator-chart.js'
import { topOf } from './identity-refusal.js'
import { joinVerdict } from './join-answers.js'

/** What a JoinGroup can be the reason of, by who sends it. */
const causesOfJoin = (before: Stepped, join: JoinEvent): readonly RebalanceWhat[] => {
  const { context } = before.snapshot
  const { groupInstanceId, memberId } = join
  if (memberId === '' && groupInstanceId !== null && get(context.statics, groupInstanceId)) {
    return ['static member returned']
  }
  if (get(context.members, memberId) === undefined) return ['member joined']
  if (context.leaderId === memberId) return ['leader rejoined']
  return ['subscription changed', 'member rejoined']
}

const causesOf = (before: Stepped, event: Sample): readonly RebalanceWhat[] => {
  switch (event.type) {
    case 'member.join':
      return causesOfJoin(before, event as JoinEvent)
    case 'member.leave':
      return ['member left']
    case 'session.expired':
      return ['session timed out']
    case 'sync.expired':
      return ['did not sync in time']
    default:
      return ['assignment not stored']
  }
}

/** Those gathered for the generation to come, or told with the one that the group ended in. */
const toldCauses = ({ snapshot: { context }, path }: Stepped): readonly RebalanceCause[] =>
  path === 'empty' ? (context.lastRebalance?.cause ?? []) : context.causes.list

const isRebalancing = (before: Stepped, after: Stepped): boolean =>
  ['stable', 'completingRebalance'].includes(topOf(before)) &&
  (['preparingRebalance', 'empty'].includes(topOf(after)) ||
    after.snapshot.context.generation > before.snapshot.context.generation)

/** What sets a rebalance off is among the reasons that are told. */
export const claimCause = (before: Stepped, event: Sample, after: Stepped): void => {
  if (!isRebalancing(before, after)) return
  const expected = causesOf(before, event)
  const told = toldCauses(after).map(({ what }) => what)
  holds(
    told.some((what) => expected.includes(what)),
    `a rebalance by ${event.type} is told as: ${told}, not as: ${expected}`,
  )
}

/** Who becomes empty says so, has it stored, and is a generation further. */
export const claimEmptied = (before: Stepped, after: Stepped): void => {
  if (after.path !== 'empty' || before.path === 'empty') return
  const { context } = after.snapshot
  same(context.generation, before.snapshot.context.generation + 1, 'an empty group’s generation:')
  same([context.leaderId, context.protocolName], [null, null], 'nobody leads an empty group:')
  const told = after.emitted.filter(({ type }) => type !== 'reply')
  const expected = [
    { type: 'emptied', group: storedGroup(context) },
    { type: 'rebalanced', rebalance: context.lastRebalance, members: 0, leaderId: null },
  ]
  same(told, expected, 'an empty group tells:')
}

/** What is answered after it was stored is what was stored. */
export const claimStoring = (before: Stepped, event: Sample, after: Stepped): void => {
  const isReturn =
    event.type === 'member.join' && joinVerdict(before, event as JoinEvent) === 'store'
  if (!isReturn && !(after.path === 'completingRebalance.storing' && after.path !== before.path)) {
    return
  }
  same(after.storing, [storedGroup(after.snapshot.context)], 'what is stored:')
}
