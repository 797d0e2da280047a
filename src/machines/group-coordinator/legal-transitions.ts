import type { GroupEvent } from './events.js'

/** The chart's innermost states. */
export type GroupPath =
  | 'empty'
  | 'preparingRebalance.initialDelay'
  | 'preparingRebalance.awaitingMembers'
  | 'completingRebalance.awaitingSync'
  | 'completingRebalance.storing'
  | 'stable.serving'
  | 'stable.storing'
  | 'dead'

/** What can happen: the machine's own events, its two state timers, and how storing ends. */
export type GroupHappening =
  | GroupEvent['type']
  | 'initialDelay.elapsed'
  | 'rebalance.timedOut'
  | 'group.stored'
  | 'group.notStored'

/**
 * What may come of an event: another state (or the same one with the next generation), nothing
 * but a reply or a timer (`stays`), or nothing at all (`ignored`: recorded, for it is out of
 * place there).
 */
export type GroupOutcome = GroupPath | 'stays' | 'ignored'

type Row = Readonly<Record<GroupHappening, readonly GroupOutcome[]>>

const empty = 'empty'
const delaying = 'preparingRebalance.initialDelay'
const awaiting = 'preparingRebalance.awaitingMembers'
const syncing = 'completingRebalance.awaitingSync'
const storing = 'completingRebalance.storing'
const serving = 'stable.serving'
const updating = 'stable.storing'
const dead = 'dead'
const stays = 'stays'
const ignored = 'ignored'

/** Requests that never move a group, and what is out of place unless a state says otherwise. */
const common = {
  'member.sync': [stays],
  'member.heartbeat': [stays],
  'offsets.commit': [stays],
  'group.delete': [stays],
  'group.unload': [dead],
  'sync.expired': [ignored],
  'initialDelay.elapsed': [ignored],
  'rebalance.timedOut': [ignored],
  'group.stored': [ignored],
  'group.notStored': [ignored],
} as const

/**
 * Every pair of state and event, decided on purpose. Where a row lists several outcomes, guards
 * decide by what the event says and who the members are; each outcome listed does occur.
 */
export const legalTransitions: Readonly<Record<GroupPath, Row>> = {
  [empty]: {
    ...common,
    'member.join': [stays, delaying],
    'member.leave': [stays],
    'group.delete': [dead],
    'session.expired': [stays, ignored],
  },
  [delaying]: {
    ...common,
    'member.join': [stays],
    'member.leave': [stays],
    'session.expired': [stays, ignored],
    'initialDelay.elapsed': [stays, syncing, empty],
  },
  [awaiting]: {
    ...common,
    'member.join': [stays, syncing],
    'member.leave': [stays, syncing, empty],
    'session.expired': [stays, syncing, empty, ignored],
    'rebalance.timedOut': [stays, syncing, empty],
  },
  [syncing]: {
    ...common,
    // A group of one that changes has all its members back at once: the next generation.
    'member.join': [stays, awaiting, syncing],
    'member.sync': [stays, storing],
    'member.leave': [stays, awaiting, empty],
    'session.expired': [stays, awaiting, empty, ignored],
    'sync.expired': [awaiting, empty],
  },
  [storing]: {
    ...common,
    'member.join': [stays, awaiting, syncing],
    'member.leave': [stays, awaiting, empty],
    'session.expired': [stays, awaiting, empty, ignored],
    'sync.expired': [awaiting, ignored],
    'group.stored': [serving],
    'group.notStored': [awaiting],
  },
  [serving]: {
    ...common,
    'member.join': [stays, awaiting, syncing, updating],
    'member.leave': [stays, awaiting, empty],
    'session.expired': [stays, awaiting, empty, ignored],
    'sync.expired': [awaiting, ignored],
  },
  [updating]: {
    ...common,
    // Whoever waits for its new id to be stored has its JoinGroup parked, so it has rejoined.
    'member.join': [stays, awaiting, syncing],
    'member.leave': [stays, awaiting, syncing, empty],
    'session.expired': [stays, awaiting, syncing, empty, ignored],
    'sync.expired': [awaiting, syncing, ignored],
    'group.stored': [serving],
    'group.notStored': [serving],
  },
  [dead]: {
    ...common,
    'member.join': [stays],
    'member.leave': [stays],
    'group.unload': [stays],
    'session.expired': [ignored],
  },
}
