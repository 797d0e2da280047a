import { createHash } from 'node:crypto'
import { connectionMachine } from '../../machines/connection/connection-machine.js'
import { groupCoordinatorMachine } from '../../machines/group-coordinator/group-coordinator-machine.js'
import { memberMachine } from '../../machines/member/member-machine.js'
import { partitionMachine } from '../../machines/partition/partition-machine.js'

const HASH_CHARS = 16

/** Of the charts: states, transitions and the names of guards, actions and delays in them. */
export const machineHash = (): string => {
  const machines = [memberMachine, partitionMachine, groupCoordinatorMachine, connectionMachine]
  const text = JSON.stringify(machines.map(({ config }) => config))
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARS)
}
