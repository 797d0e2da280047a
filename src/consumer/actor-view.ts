import type { Actor, SnapshotFrom, Subscription } from 'xstate'
import type { MemberMachine } from '../machines/member/member-machine.js'

/** A member's actor for onlookers: it can be watched, not driven. */
export interface ActorView {
  readonly id: string
  readonly getSnapshot: () => SnapshotFrom<MemberMachine>
  readonly subscribe: (listener: (snapshot: SnapshotFrom<MemberMachine>) => void) => Subscription
}

export const actorView = (actor: Actor<MemberMachine>): ActorView => ({
  id: actor.id,
  getSnapshot: () => actor.getSnapshot(),
  subscribe: (listener) => actor.subscribe(listener),
})
