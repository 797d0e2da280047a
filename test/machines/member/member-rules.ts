import type { MemberMachine } from '../../../src/machines/member/member-machine.js'
import { allFaults, type Fault, firstFault, type RuleBook, thrownFault } from '../rule.js'
import { watchFor } from './graph-rule.js'
import { MemberChart } from './member-chart.js'
import { causes } from './rules/causes.js'
import { closing } from './rules/closing.js'
import { errors } from './rules/errors.js'
import { heartbeat } from './rules/heartbeat.js'
import { holdings } from './rules/holdings.js'
import { identity } from './rules/identity.js'
import { progress } from './rules/progress.js'
import { subscription } from './rules/subscription.js'
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
  'the cause that is told': causes,
  'the error that is told': errors,
  'what is asked for': subscription,
  'a consumer without a group': withoutGroup,
  progress,
  close: closing,
}

const stories = { stories: memberStories }
const graph = { table: memberTable, rules: memberPlaces }
const watch = watchFor(graph)

/** Goes all the ways that the checks go. */
export const walkMemberChart = (chart: MemberChart): void => {
  allFaults(stories, chart)
  chart.exploreUnless()
}

/** Those that the graph shows: every place and every step. */
export const graphFaults = (chart: MemberChart): string[] => allFaults(graph, chart)

/** The first one: enough to tell that the chart is wrong, and much faster. */
export const firstMemberFault = (machine: MemberMachine): Fault | undefined =>
  firstFault(stories, new MemberChart(machine)) ??
  firstGraphFault(new MemberChart(machine, { detail: 'coarse' })) ??
  firstGraphFault(new MemberChart(machine))

/** Most wrong charts show it long before they are explored. */
const firstGraphFault = (chart: MemberChart): Fault | undefined => {
  try {
    return chart.exploreUnless(watch) ?? firstFault(graph, chart)
  } catch (error) {
    return thrownFault(error)
  }
}
