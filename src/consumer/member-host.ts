import type { MemberState } from '../domain/membership.js'
import type { MemberIdentity } from '../machines/member/context.js'
import type { MemberEvent } from '../machines/member/events.js'
import { type MemberMachine, memberMachine } from '../machines/member/member-machine.js'
import type { JoinInput, PartitionsInput } from '../machines/member/member-setup.js'
import type { EffectArgs } from '../runtime/from-effect.js'
import { type ChartHost, HostedChart, type Vocabulary } from '../runtime/hosted-chart.js'
import type { GroupClient } from './group/group-client.js'
import { heartbeat } from './group/heartbeat.js'
import { joinGroup } from './group/join.js'
import type { GroupLeader } from './group/leader.js'
import { type SyncInput, syncGroup } from './group/sync.js'
import type { Ownership } from './ownership.js'

/** Whom the chart's actors and actions are done by. */
export interface MemberHost extends ChartHost {
  readonly client: GroupClient
  readonly leader: GroupLeader
  readonly ownership: Ownership
  readonly onIgnored: (event: string, state: string) => void
}

type Given<I> = EffectArgs<I>

/** The member chart with its I/O: every invoked actor of the chart, given as an Effect. */
export const hostMember = (chart: MemberMachine): HostedChart<MemberMachine, MemberHost> =>
  new HostedChart(chart, (machine, { effect, host }: Vocabulary<MemberHost>) =>
    machine.provide({
      actors: {
        findCoordinator: effect(({ client }) => client.findCoordinator),
        joinGroup: effect(({ client, leader }, { input }: Given<JoinInput>) =>
          joinGroup(client, input, (members) => {
            leader.members = members
          }),
        ),
        computeAssignment: effect(({ leader }, { input }: Given<{ protocol: string }>) =>
          leader.compute(input.protocol),
        ),
        syncGroup: effect(({ client, leader }, { input }: Given<SyncInput>) =>
          syncGroup(client, input, leader.assignments),
        ),
        heartbeat: effect(({ client }, { input, parent }: Given<MemberIdentity>) =>
          heartbeat(client, input, (event: MemberEvent) => parent?.send(event)),
        ),
        assignPartitions: effect(({ ownership }, { input }: Given<PartitionsInput>) =>
          ownership.assign(input),
        ),
        drainPartitions: effect(({ ownership }, { input }: Given<PartitionsInput>) =>
          ownership.drain(input),
        ),
        commitOffsets: effect(({ ownership }, { input }: Given<PartitionsInput>) =>
          ownership.commit(input),
        ),
        revokePartitions: effect(({ ownership }, { input }: Given<PartitionsInput>) =>
          ownership.revoke(input),
        ),
        losePartitions: effect(({ ownership }, { input }: Given<PartitionsInput>) =>
          ownership.lose(input),
        ),
        leaveGroup: effect(({ client }, { input }: Given<MemberIdentity>) =>
          client.leave(input, 'the consumer is closed'),
        ),
      },
      actions: {
        recordIgnored: ({ event, self }) =>
          host(self).onIgnored(event.type, JSON.stringify(self.getSnapshot().value)),
      },
    }),
  )

export const memberChart = hostMember(memberMachine)

/** The lifecycle name: the top of the chart's state. */
export const memberStateOf = (value: string | object): MemberState =>
  (typeof value === 'string' ? value : Object.keys(value)[0]) as MemberState
