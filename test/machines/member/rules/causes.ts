import { isDeepStrictEqual } from 'node:util'
import type { Cause } from '../../../../src/domain/membership.js'
import type { Rule } from '../../rule.js'
import type { Edge } from '../exploration.js'
import { inEveryStep } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { pathOf, spawned, topOf } from '../member-snapshot.js'

interface Told {
  readonly cause?: Cause
  readonly kafkaError?: string
  readonly error?: { readonly message: string }
  readonly output?: { readonly kafkaError?: string }
}

/** The reason that comes with an event or an outcome, as the user shall read it. */
const reasonOf = ({ event, happening }: Edge): string | undefined => {
  const { cause, kafkaError, error, output } = event as Told
  const answer = kafkaError ?? output?.kafkaError
  if (cause !== undefined) return cause.what
  if (answer !== undefined) return `the coordinator answered ${answer}`
  if (happening === 'member.replaced') return error!.message
  if (happening === 'subscribe') return 'this member joins'
  if (happening === 'subscription.changed') return 'this member changed its subscription'
  return undefined
}

const isMoved = ({ from, to }: Edge): boolean => pathOf(from.value) !== pathOf(to.value)

/** Who waits for its application to poll again joins by its subscription, not because of it. */
const setsOff = (edge: Edge): boolean =>
  reasonOf(edge) !== undefined && isMoved(edge) && !edge.from.matches({ fenced: 'waitingForPoll' })

/** Where a reason to join again cannot be acted on. */
const isBusy = ({ from, happening }: Edge): boolean =>
  ['subscription.changed', 'metadata.changed'].includes(happening)
    ? ['joining', 'syncing'].includes(topOf(from))
    : happening === 'group.rebalancing' && from.matches({ syncing: 'applying' })

const joinRequests = ({ actions }: Edge): string[] =>
  spawned(actions).flatMap(({ src, input }) =>
    src === 'joinGroup' ? [(input as { reason: string }).reason] : [],
  )

const taken = 'the assignment takes partitions from this member'

export const causes: readonly Rule<MemberChart>[] = [
  inEveryStep(
    'whatever sets a rebalance or a loss off is its cause',
    setsOff,
    (edge) => edge.to.context.cause?.what === reasonOf(edge),
  ),
  inEveryStep(
    'a member whose place was taken says so, also if it is lost already',
    ({ from, happening }) => happening === 'member.replaced' && topOf(from) === 'fenced',
    (edge) => edge.to.context.cause?.what === reasonOf(edge),
  ),
  inEveryStep(
    'a reason that comes while it joins or syncs is kept, the first one of several',
    isBusy,
    (edge) => {
      const { pendingCause } = edge.from.context
      const kept = pendingCause?.what ?? reasonOf(edge)
      return edge.to.context.pendingCause?.what === kept
    },
  ),
  inEveryStep(
    'JoinGroup names the reason that it is for: the one that was kept, else the cause',
    (edge) => joinRequests(edge).length > 0,
    (edge) => {
      const { from, to } = edge
      const reason = from.context.pendingCause ?? from.context.cause
      return (
        isDeepStrictEqual(to.context.cause, reason) &&
        joinRequests(edge).every((one) => one === (reason?.what ?? ''))
      )
    },
  ),
  inEveryStep(
    'what was kept while partitions were given is the cause of the rebalance that follows',
    ({ from, to, happening }) =>
      happening === 'assignPartitions: called' &&
      from.context.groupId !== null &&
      !to.matches('stable'),
    ({ from, to }) =>
      to.context.cause?.what === (from.context.pendingCause?.what ?? taken) &&
      to.context.pendingCause === null,
  ),
]
