import type { AnyStateMachine, SnapshotFrom } from 'xstate'
import {
  type GroupCoordinatorMachine,
  groupCoordinatorMachine,
} from '../../src/machines/group-coordinator/group-coordinator-machine.js'
import { groupCoordinatorSetup } from '../../src/machines/group-coordinator/group-coordinator-setup.js'
import { legalTransitions as memberTable } from '../../src/machines/member/legal-transitions.js'
import { type MemberMachine, memberMachine } from '../../src/machines/member/member-machine.js'
import { memberSetup } from '../../src/machines/member/member-setup.js'
import { legalTransitions as partitionTable } from '../../src/machines/partition/legal-transitions.js'
import {
  type PartitionMachine,
  partitionMachine,
} from '../../src/machines/partition/partition-machine.js'
import { partitionSetup } from '../../src/machines/partition/partition-setup.js'
import { coordinatorChart, newGroup } from '../machines/group-coordinator/coordinator-chart.js'
import {
  firstCoordinatorFault,
  walkCoordinatorChart,
} from '../machines/group-coordinator/coordinator-rules.js'
import { baseInput, MemberChart } from '../machines/member/member-chart.js'
import { firstMemberFault, walkMemberChart } from '../machines/member/member-rules.js'
import { input, PartitionChart } from '../machines/partition/partition-chart.js'
import { firstPartitionFault, walkPartitionChart } from '../machines/partition/partition-rules.js'
import type { Fault } from '../machines/rule.js'
import type { ChartKind } from './mutants.js'
import { twinSteps } from './twin-steps.js'

export type ChartName = 'member' | 'partition' | 'coordinator'

/** A chart that is mutated, with the property side that looks for what is wrong with it. */
export interface TestedChart<Machine> extends ChartKind<Machine> {
  readonly name: ChartName
  readonly firstFault: (machine: Machine) => Fault | undefined
  /** Where it first differs from the chart as it is, on all the ways that the checks go. */
  readonly firstDifference: (machine: Machine) => string | undefined
}

const member: TestedChart<MemberMachine> = {
  name: 'member',
  config: memberMachine.config,
  events: Object.keys(memberTable.idle),
  make: (config) => memberSetup.createMachine(config as never) as unknown as MemberMachine,
  firstFault: firstMemberFault,
  firstDifference: (machine) => {
    const steps = twinSteps<SnapshotFrom<MemberMachine>>([memberMachine, machine], baseInput)
    walkMemberChart(new MemberChart(memberMachine, { steps }))
    return steps.difference()
  },
}

const partition: TestedChart<PartitionMachine> = {
  name: 'partition',
  config: partitionMachine.config,
  events: Object.keys(partitionTable.resolving),
  make: (config) => partitionSetup.createMachine(config as never) as unknown as PartitionMachine,
  firstFault: firstPartitionFault,
  firstDifference: (machine) => {
    const steps = twinSteps<SnapshotFrom<PartitionMachine>>([partitionMachine, machine], input)
    walkPartitionChart(new PartitionChart(partitionMachine, steps))
    return steps.difference()
  },
}

const coordinator: TestedChart<GroupCoordinatorMachine> = {
  name: 'coordinator',
  config: groupCoordinatorMachine.config,
  events: [
    'member.join',
    'member.sync',
    'member.heartbeat',
    'member.leave',
    'offsets.commit',
    'group.delete',
    'group.unload',
    'session.expired',
    'sync.expired',
  ],
  make: (config) =>
    groupCoordinatorSetup.createMachine(config as never) as unknown as GroupCoordinatorMachine,
  firstFault: firstCoordinatorFault,
  firstDifference: (machine) => {
    const machines = [groupCoordinatorMachine, machine] as const
    const steps = twinSteps<SnapshotFrom<GroupCoordinatorMachine>>(machines, newGroup)
    walkCoordinatorChart(coordinatorChart(groupCoordinatorMachine, steps))
    return steps.difference()
  },
}

/** The three are of different machines; who takes one by its name asks only what all can do. */
export const charts = { member, partition, coordinator } as unknown as Readonly<
  Record<ChartName, TestedChart<AnyStateMachine>>
>
