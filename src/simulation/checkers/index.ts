import { assignedIsTarget } from './assigned-is-target.js'
import { boundedResources } from './bounded-resources.js'
import { callbacksAlternate } from './callbacks-alternate.js'
import type { Checker } from './checker.js'
import { commitsNeverGoBack } from './commits-never-go-back.js'
import { commitsOfMembers } from './commits-of-members.js'
import { commitsOnlyWhatWasDone } from './commits-only-what-was-done.js'
import { completeAssignment } from './complete-assignment.js'
import { convergence } from './convergence.js'
import { deliveryInOrder } from './delivery-in-order.js'
import { deliveryWhileOwned } from './delivery-while-owned.js'
import { everythingSettles } from './everything-settles.js'
import { firstDelivery } from './first-delivery.js'
import { generationsRise } from './generations-rise.js'
import { handOverWaits } from './hand-over-waits.js'
import { handlerReturnsInTime } from './handler-returns-in-time.js'
import { handlerSucceeds } from './handler-succeeds.js'
import { legalTransitions } from './legal-transitions.js'
import { noDefect } from './no-defect.js'
import { noGhosts } from './no-ghosts.js'
import { noLostRecord } from './no-lost-record.js'
import { noOffsetsOfWhatIsGone } from './no-offsets-of-what-is-gone.js'
import { noReadAboveWatermark } from './no-read-above-watermark.js'
import { noZombie } from './no-zombie.js'
import { offsetsNeverExpire } from './offsets-never-expire.js'
import { oneOwner } from './one-owner.js'
import { onePieceAtATime } from './one-piece-at-a-time.js'
import { oneRecordAnOffset } from './one-record-an-offset.js'
import { progress } from './progress.js'
import { quietAfterRest } from './quiet-after-rest.js'
import { rebalancesEnd } from './rebalances-end.js'
import { recovery } from './recovery.js'
import { repliesFollowDurability } from './replies-follow-durability.js'
import { restartRebuilds } from './restart-rebuilds.js'

/** Every rule, in the order of the invariants' numbers. */
export const checkers: readonly Checker[] = [
  oneOwner,
  noZombie,
  deliveryWhileOwned,
  handOverWaits,
  commitsOfMembers,
  noOffsetsOfWhatIsGone,
  commitsOnlyWhatWasDone,
  commitsNeverGoBack,
  firstDelivery,
  deliveryInOrder,
  onePieceAtATime,
  noLostRecord,
  oneRecordAnOffset,
  noReadAboveWatermark,
  completeAssignment,
  generationsRise,
  assignedIsTarget,
  callbacksAlternate,
  legalTransitions,
  noDefect,
  repliesFollowDurability,
  restartRebuilds,
  offsetsNeverExpire,
  recovery,
  noGhosts,
  boundedResources,
  convergence,
  progress,
  handlerReturnsInTime,
  handlerSucceeds,
  rebalancesEnd,
  quietAfterRest,
  everythingSettles,
]
