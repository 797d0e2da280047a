import { processName } from './identities.js'

/**
 * How a move counts. `progress` happens by itself, and under fairness it happens if it stays
 * possible; `chance` may happen at any time or never; `start` is up to people. The others cost of
 * the budget: a `change` of who is there 1, a `fault` 2.
 */
export type MoveKind = 'progress' | 'chance' | 'start' | 'change' | 'fault'

const costs: Readonly<Record<MoveKind, number>> = {
  progress: 0,
  chance: 0,
  start: 0,
  change: 1,
  fault: 2,
}

interface MoveMeaning {
  readonly kind: MoveKind
  /** `A` stands for the process. */
  readonly text: string
}

const meanings = {
  start: { kind: 'start', text: 'A starts and subscribes' },
  startAgain: { kind: 'change', text: 'A is started again' },
  close: { kind: 'change', text: 'A closes: it will leave the group' },
  crash: { kind: 'change', text: 'A crashes' },
  callArrives: { kind: 'progress', text: "A's JoinGroup or SyncGroup reaches the coordinator" },
  answerArrives: { kind: 'progress', text: 'A gets the answer' },
  callTimesOut: { kind: 'progress', text: 'A gives up waiting for the answer, and asks again' },
  callLost: { kind: 'fault', text: "A's JoinGroup or SyncGroup, or its answer, is lost" },
  syncForgotten: { kind: 'change', text: 'A never sends its SyncGroup, and does not notice' },
  heartbeat: { kind: 'progress', text: "A's heartbeat reaches the coordinator" },
  heartbeatAnswer: { kind: 'progress', text: "A gets its heartbeat's answer" },
  autoCommit: { kind: 'chance', text: 'A sends a commit' },
  commitArrives: { kind: 'progress', text: "A's commit reaches the coordinator" },
  commitAnswer: { kind: 'progress', text: "A gets its commit's answer" },
  commitLost: { kind: 'fault', text: "A's commit, or its answer, is lost: it goes on without" },
  leaveArrives: { kind: 'progress', text: "A's LeaveGroup reaches the coordinator" },
  leaveAnswer: { kind: 'progress', text: 'A has left' },
  leaveLost: { kind: 'fault', text: "A's LeaveGroup is lost: it ends all the same" },
  drained: { kind: 'progress', text: 'A has no more records in hand, and commits' },
  drainedClean: { kind: 'progress', text: 'A has no more records in hand, nor any to commit' },
  callbackEnds: { kind: 'progress', text: "A's callback returns" },
  quietStep: { kind: 'progress', text: 'A goes on: looked up, computed, or paused enough' },
  strayArrives: { kind: 'chance', text: 'a late request of A reaches the coordinator' },
  strayVanishes: { kind: 'progress', text: 'a late request of A is gone for good' },
  silence: { kind: 'fault', text: 'A is cut off for a session' },
  leaseEnds: { kind: 'progress', text: "no heartbeat of A's was answered well for a session" },
  sessionEnds: { kind: 'progress', text: "the coordinator's session timer of A fires" },
  sessionEndsEarly: {
    kind: 'fault',
    text: "the coordinator's session timer of A fires, before A's own",
  },
  delayEnds: { kind: 'progress', text: 'the initial delay ends' },
  rebalanceTimer: { kind: 'progress', text: "the coordinator's rebalance timer fires" },
  rebalanceTimerEarly: {
    kind: 'fault',
    text: "the coordinator's rebalance timer fires, while a member is still at it",
  },
  syncTimer: { kind: 'progress', text: "the coordinator's timer for SyncGroup fires" },
  syncTimerEarly: {
    kind: 'fault',
    text: "the coordinator's timer for SyncGroup fires, while a member is still at it",
  },
  stored: { kind: 'progress', text: 'the group is stored' },
  notStored: { kind: 'fault', text: 'the group cannot be stored' },
  restart: { kind: 'fault', text: 'the broker restarts with what its store has' },
} as const satisfies Readonly<Record<string, MoveMeaning>>

export type MoveName = keyof typeof meanings

const names = Object.keys(meanings) as readonly MoveName[]

/** Moves of the coordinator belong to nobody. */
export const NO_PROCESS = 7
const PROCESSES = 8

/** What happens, and to whom, in one number. Not which of several ways it can end in. */
export const moveOf = (name: MoveName, process = NO_PROCESS): number => firstOf[name] + process

const firstOf = Object.fromEntries(
  names.map((name, number) => [name, number * PROCESSES]),
) as Readonly<Record<MoveName, number>>

export const moveCount = names.length * PROCESSES

const kinds: readonly MoveKind[] = Array.from(
  { length: moveCount },
  (_, move) => meanings[nameOf(move)].kind,
)

export const kindOf = (move: number): MoveKind => kinds[move]!

/** What a move takes of the budget. */
export const costOf = (move: number): number => costs[kinds[move]!]

export function nameOf(move: number): MoveName {
  return names[Math.floor(move / PROCESSES)]!
}

export const processOf = (move: number): number => move % PROCESSES

export const textOf = (move: number): string => {
  const process = processOf(move)
  const who = process === NO_PROCESS ? 'a former member' : processName(process)
  return meanings[nameOf(move)].text.replace(/\bA\b/g, who)
}
