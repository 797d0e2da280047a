import type { MemberMachine } from '../../../src/machines/member/member-machine.js'
import { allFaults, firstFault, type RuleBook } from '../rule.js'
import { type GraphRule, watchFor } from './graph-rule.js'
import { MemberChart } from './member-chart.js'
import { closing } from './rules/closing.js'
import { heartbeat } from './rules/heartbeat.js'
import { holdings } from './rules/holdings.js'
import { identity } from './rules/identity.js'
import { progress } from './rules/progress.js'
import { table } from './rules/table.js'
import { withoutGroup } from './rules/without-group.js'
import { loss } from './stories/loss.js'
import { rebalanceStories } from './stories/rebalance.js'
import { wayIn } from './stories/way-in.js'
import { byHandStories, wayOut } from './stories/way-out.js'

/** Short plays: what a step starts, stops and tells. */
export const memberStories: RuleBook<MemberChart> = {
  'the way into a group': wayIn,
  'a rebalance': rebalanceStories,
  'a loss': loss,
  'the way out': wayOut,
  'without a group': byHandStories,
}

export const memberTable: RuleBook<MemberChart> = {
  'the legal transitions of the member chart': table,
}

/** What holds in every place that can be reached. */
export const memberPlaces: RuleBook<MemberChart> = {
  'the heartbeat': heartbeat,
  'what a member holds': holdings,
  identity,
  'a consumer without a group': withoutGroup,
  progress,
  close: closing,
}

const everything = { ...memberStories, ...memberTable, ...memberPlaces }

const onTheWay: readonly GraphRule[] = Object.values({ ...memberTable, ...memberPlaces }).flat()

/** Every promise that a member chart breaks. */
export const memberChartFaults = (machine: MemberMachine): string[] =>
  allFaults(everything, new MemberChart(machine))

/** The first one: enough to tell that the chart is wrong, and much faster. */
export const firstMemberFault = (machine: MemberMachine): string | undefined => {
  const chart = new MemberChart(machine)
  const found = firstFault(memberStories, chart)
  if (found !== undefined) return found
  const onExploring = chart.exploreUnless(watchFor(onTheWay))
  return typeof onExploring === 'string' ? onExploring : firstFault(everything, chart)
}
