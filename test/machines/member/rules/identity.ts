import { isDeepStrictEqual } from 'node:util'
import type { Rule } from '../../rule.js'
import type { Edge } from '../exploration.js'
import { inEveryPlace, inEveryStep } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { invoked, topOf } from '../member-snapshot.js'

const forgetsId = ({ from, to }: Edge): boolean =>
  from.context.memberId !== '' && to.context.memberId === ''

const isWorthless = ({ from, event, happening }: Edge): boolean => {
  const told = event as { kafkaError?: string; output?: { kafkaError?: string } }
  if ((told.kafkaError ?? told.output?.kafkaError) === 'UNKNOWN_MEMBER_ID') return true
  if (happening === 'member.replaced') return topOf(from) === 'leaving'
  // It left by itself, so that others get its partitions now.
  return from.matches({ fenced: 'releasing' }) && happening.startsWith('leaveGroup')
}

export const identity: readonly Rule<MemberChart>[] = [
  inEveryStep(
    'the member id is dropped only where it is worthless, else kept (KAFKA-13214)',
    forgetsId,
    isWorthless,
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
