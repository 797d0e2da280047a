import type { MemberState } from '../domain/membership.js'
import type { MemberIdentity } from '../machines/member/context.js'
import type { MemberEvent } from '../machines/member/events.js'
import { memberMachine } from '../machines/member/member-machine.js'
import type { JoinInput, PartitionsInput } from '../machines/member/member-setup.js'
import type { EffectArgs } from '../runtime/from-effect.js'
import type { Runtime } from '../runtime/runtime.js'
import type { GroupClient } from './group/group-client.js'
import { heartbeat } from './group/heartbeat.js'
import { joinGroup } from './group/join.js'
import type { GroupLeader } from './group/leader.js'
import { type SyncInput, syncGroup } from './group/sync.js'
import type { Ownership } from './ownership.js'

export interface MemberHostParts {
  readonly runtime: Runtime
  readonly client: GroupClient
  readonly leader: GroupLeader
  readonly ownership: Ownership
  readonly onIgnored: (event: string, state: string) => void
}

type Given<I> = EffectArgs<I>

/** The member chart with its I/O: every invoked actor of the chart, given as an Effect. */
export const provideMember = (parts: MemberHostParts): typeof memberMachine => {
  const { runtime, client, leader, ownership } = parts
  const { effectLogic } = runtime
  return memberMachine.provide({
    actors: {
      findCoordinator: effectLogic(() => client.findCoordinator),
      joinGroup: effectLogic(({ input }: Given<JoinInput>) =>
        joinGroup(client, input, (members) => {
          leader.members = members
        }),
      ),
      computeAssignment: effectLogic(({ input }: Given<{ protocol: string }>) =>
        leader.compute(input.protocol),
      ),
      syncGroup: effectLogic(({ input }: Given<SyncInput>) =>
        syncGroup(client, input, leader.assignments),
      ),
      heartbeat: effectLogic(({ input, parent }: Given<MemberIdentity>) =>
        heartbeat(client, input, (event: MemberEvent) => parent?.send(event)),
      ),
      assignPartitions: effectLogic(({ input }: Given<PartitionsInput>) => ownership.assign(input)),
      drainPartitions: effectLogic(({ input }: Given<PartitionsInput>) => ownership.drain(input)),
      commitOffsets: effectLogic(({ input }: Given<PartitionsInput>) => ownership.commit(input)),
      revokePartitions: effectLogic(({ input }: Given<PartitionsInput>) => ownership.revoke(input)),
      losePartitions: effectLogic(({ input }: Given<PartitionsInput>) => ownership.lose(input)),
      leaveGroup: effectLogic(({ input }: Given<MemberIdentity>) =>
        client.leave(input, 'the consumer is closed'),
      ),
    },
    actions: {
      recordIgnored: ({ event, self }) =>
        parts.onIgnored(event.type, JSON.stringify(self.getSnapshot().value)),
    },
  })
}

/** The lifecycle name: the top of the chart's state. */
export const memberStateOf = (value: string | object): MemberState =>
  (typeof value === 'string' ? value : Object.keys(value)[0]) as MemberState
