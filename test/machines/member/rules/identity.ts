import { isDeepStrictEqual } from 'node:util'
import type { Rule } from '../../rule.js'
import type { Edge } from '../exploration.js'
import { inEveryPlace, inEveryStep } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { invoked, pathOf, topOf } from '../member-snapshot.js'

const forgetsId = ({ from, to }: Edge): boolean =>
  from.context.memberId !== '' && to.context.memberId === ''

const isWorthless = (edge: Edge): boolean => {
  const { from, happening } = edge
  if (kafkaErrorOf(edge) === 'UNKNOWN_MEMBER_ID') return true
  if (happening === 'member.replaced') return topOf(from) === 'leaving'
  // It left by itself, so that others get its partitions now.
  return from.matches({ fenced: 'releasing' }) && happening.startsWith('leaveGroup')
}

const kafkaErrorOf = ({ event }: Edge): string | undefined => {
  const { kafkaError, output } = event as { kafkaError?: string; output?: { kafkaError?: string } }
  return kafkaError ?? output?.kafkaError
}

/** UNKNOWN_MEMBER_ID or ILLEGAL_GENERATION that was heeded. */
const isForgotten = (edge: Edge): boolean =>
  kafkaErrorOf(edge) !== undefined && pathOf(edge.from.value) !== pathOf(edge.to.value)

const isLeft = (happening: string): boolean =>
  ['leaveGroup: left', 'leaveGroup: unavailable'].includes(happening)

const hasNoMembership = ({ context }: Edge['to']): boolean =>
  context.generation === -1 && !context.isLeader

export const identity: readonly Rule<MemberChart>[] = [
  inEveryStep(
    'the member id is dropped only where it is worthless, else kept (KAFKA-13214)',
    forgetsId,
    isWorthless,
  ),
  inEveryStep(
    'a member that the coordinator forgot has no generation, leads nothing, joins for nothing',
    isForgotten,
    ({ to }) => hasNoMembership(to) && to.context.pendingCause === null,
  ),
  inEveryStep(
    'an id that the coordinator does not know is not used again',
    (edge) => isForgotten(edge) && kafkaErrorOf(edge) === 'UNKNOWN_MEMBER_ID',
    ({ to }) => to.context.memberId === '',
  ),
  inEveryStep(
    'who left, or lost its place while leaving, has no id to leave with again',
    ({ from, to, happening }) =>
      (from.matches({ fenced: 'releasing' }) && isLeft(happening)) ||
      (happening === 'member.replaced' &&
        !from.matches({ leaving: 'losing' }) &&
        to.matches({ leaving: 'losing' })),
    ({ to }) => hasNoMembership(to) && to.context.memberId === '',
  ),
  inEveryStep(
    'a generation comes from JoinGroup and goes with the membership (KAFKA-8104, 9140)',
    ({ from, to }) => to.context.generation > from.context.generation,
    ({ happening, to }) => happening === 'joinGroup: joined' && to.matches('syncing'),
  ),
  inEveryStep(
    'what JoinGroup brought is there in the step that syncs: nothing can clear it in between',
    ({ happening }) => happening === 'joinGroup: joined',
    ({ to }) => to.matches('syncing') && to.context.memberId === 'm' && to.context.generation >= 0,
  ),
  inEveryStep(
    'news of an older generation changes nothing',
    ({ event, from }) =>
      event.type === 'member.unknown' && event.generation !== from.context.generation,
    ({ from, to }) => isDeepStrictEqual([to.value, to.context], [from.value, from.context]),
  ),
  inEveryPlace(
    'LeaveGroup is sent only by a member that has an id',
    (node) => invoked(node).includes('leaveGroup'),
    ({ context }) => context.memberId === 'm',
  ),
  inEveryPlace(
    'a context is plain JSON everywhere',
    () => true,
    ({ context }) => isDeepStrictEqual(JSON.parse(JSON.stringify(context)), context),
  ),
]
