import {
  legalOutcomes as connectionOutcomes,
  legalTransitions as connectionTransitions,
} from '../../machines/connection/legal-transitions.js'
import { legalTransitions as groupTransitions } from '../../machines/group-coordinator/legal-transitions.js'
import {
  legalOutcomes as memberOutcomes,
  legalTransitions as memberTransitions,
} from '../../machines/member/legal-transitions.js'
import { legalTransitions as partitionTransitions } from '../../machines/partition/legal-transitions.js'

type Table = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

/** A trace's words for what the coordinator's table calls otherwise. */
const groupWords: Readonly<Record<string, string>> = {
  'initialDelay.elapsed': 'after initialRebalanceDelay',
  'rebalance.timedOut': 'after rebalanceTimeout',
  'group.stored': 'persistGroup: stored',
  'group.notStored': 'persistGroup: notStored',
}

const renamed = (table: Table, words: Readonly<Record<string, string>>): Table =>
  Object.fromEntries(
    Object.entries(table).map(([state, row]) => [
      state,
      Object.fromEntries(
        Object.entries(row).map(([event, decisions]) => [words[event] ?? event, decisions]),
      ),
    ]),
  )

const merged = (...tables: readonly Table[]): Table => {
  const all: Record<string, Record<string, readonly string[]>> = {}
  for (const table of tables) {
    for (const [state, row] of Object.entries(table)) all[state] = { ...all[state], ...row }
  }
  return all
}

const asLists = (
  table: Readonly<Record<string, Readonly<Record<string, string>>>>,
  actorOf: Readonly<Record<string, string>>,
): Table =>
  Object.fromEntries(
    Object.entries(table).map(([state, row]) => [
      state,
      Object.fromEntries(
        Object.entries(row).map(([outcome, next]) => [`${actorOf[state]}: ${outcome}`, [next]]),
      ),
    ]),
  )

/** The tables beside the charts, by chart, in the words of a trace. */
export const legalPairs: Readonly<Record<string, Table>> = {
  member: renamed(merged(memberTransitions, memberOutcomes as Table), {
    'backoff.elapsed': 'after retryBackoff',
  }),
  partition: partitionTransitions,
  group: merged(renamed(groupTransitions, groupWords), {
    'completingRebalance.storing': {
      'persistGroup: defect': ['preparingRebalance.awaitingMembers'],
    },
    'stable.storing': { 'persistGroup: defect': ['stable.serving'] },
  }),
  connection: merged(
    connectionTransitions,
    asLists(
      { dialing: connectionOutcomes.dialing, negotiating: connectionOutcomes.negotiating },
      { dialing: 'dial', negotiating: 'negotiate' },
    ),
    { backingOff: { 'after reconnectBackoff': ['dialing', 'idle'] } },
  ),
}

export const decisionsOf = (
  chart: string,
  state: string,
  event: string,
): readonly string[] | undefined => legalPairs[chart]?.[state]?.[event]
