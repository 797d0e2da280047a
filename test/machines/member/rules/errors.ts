import { isDeepStrictEqual } from 'node:util'
import type { ErrorInfo } from '../../../../src/domain/membership.js'
import type { Rule } from '../../rule.js'
import type { Edge } from '../exploration.js'
import { inEveryPlace, inEveryStep } from '../graph-rule.js'
import type { MemberChart } from '../member-chart.js'
import { type Snapshot, topOf } from '../member-snapshot.js'

/** On the way out it does not matter any more, and a first failure is the one that counts. */
const isOver = ({ from }: Edge): boolean => ['leaving', 'failed'].includes(topOf(from))

const isTold = (edge: Edge): boolean =>
  ['fail', 'member.replaced'].includes(edge.happening) && !edge.isIgnored && !isOver(edge)

const hasFailed = ({ context }: Snapshot): boolean => context.error !== null

const errorIn = ({ event }: Edge): ErrorInfo => (event as unknown as { error: ErrorInfo }).error

const outcomeError = ({ event }: Edge): ErrorInfo =>
  (event as unknown as { output: { error: ErrorInfo } }).output.error

const isRefusal = ({ happening }: Edge): boolean =>
  happening.endsWith(': refused') && !happening.startsWith('commitOffsets')

const isUnavailable = ({ happening, from }: Edge): boolean =>
  happening.endsWith(': unavailable') && ['joining', 'syncing'].includes(topOf(from))

export const errors: readonly Rule<MemberChart>[] = [
  inEveryPlace('a failed member names its error', (node) => topOf(node) === 'failed', hasFailed),
  inEveryStep('it is the one that the member was told', isTold, (edge) =>
    isDeepStrictEqual(edge.to.context.error, errorIn(edge)),
  ),
  inEveryStep('it is the one with which it was refused', isRefusal, (edge) =>
    isDeepStrictEqual(edge.to.context.error, outcomeError(edge)),
  ),
  inEveryStep(
    'a defect names itself',
    (edge) => edge.happening.endsWith(': defect') && topOf(edge.from) !== 'failed',
    ({ to }) =>
      to.context.error?.code === 'INTERNAL_ERROR' &&
      to.context.error.message === 'defect in the consumer: bug',
  ),
  inEveryStep(
    'a member that failed does not leave as a healthy one, also if it is closing',
    ({ from, happening }) => happening === 'losePartitions: called' && hasFailed(from),
    ({ to }) => topOf(to) === 'failed' || to.matches('left'),
  ),
  inEveryStep(
    'an error stays',
    ({ from }) => hasFailed(from),
    ({ to }) => hasFailed(to),
  ),
  inEveryStep(
    'an unusable coordinator is told as trouble, and each failure is counted',
    isUnavailable,
    (edge) =>
      isDeepStrictEqual(edge.to.context.trouble, outcomeError(edge)) &&
      edge.to.context.attempt === edge.from.context.attempt + 1,
  ),
]
