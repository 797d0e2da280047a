import { setTimeout as sleep } from 'node:timers/promises'
import type { SimulateOptions } from '../../src/simulation/simulate-options.js'

const times = {
  sessionTimeoutMs: 10_000,
  heartbeatIntervalMs: 3_000,
  rebalanceTimeoutMs: 15_000,
  fetchMaxWaitMs: 5_000,
  autoCommitIntervalMs: 3_000,
  metadataMaxAgeMs: 40_000,
} as const

/** Short scripts, so that a trace can be read; each goes another way. */
export const goldenCases: Readonly<Record<string, SimulateOptions>> = {
  'one joins, another one follows, both leave': {
    seed: 1,
    members: 2,
    partitions: 3,
    consumer: { ...times, assignmentStrategy: 'range' },
    workload: {
      steps: [
        { do: 'start', member: 0, afterMs: 0 },
        { do: 'produce', records: 6, afterMs: 500 },
        { do: 'start', member: 1, afterMs: 2_000 },
        { do: 'produce', records: 3, afterMs: 3_000 },
        { do: 'stop', member: 0, afterMs: 2_000 },
      ],
    },
  },
  'cooperative: only what moves is given up': {
    seed: 2,
    members: 2,
    partitions: 4,
    consumer: { ...times, assignmentStrategy: 'cooperative-sticky' },
    workload: {
      steps: [
        { do: 'start', member: 0, afterMs: 0 },
        { do: 'produce', records: 8, afterMs: 500 },
        { do: 'start', member: 1, afterMs: 1_500 },
        { do: 'wait', afterMs: 4_000 },
      ],
    },
  },
  'a member is killed and comes back': {
    seed: 3,
    members: 2,
    partitions: 2,
    consumer: { ...times, assignmentStrategy: 'sticky' },
    workload: {
      steps: [
        { do: 'start', member: 0, afterMs: 0 },
        { do: 'start', member: 1, afterMs: 10 },
        { do: 'produce', records: 5, afterMs: 4_000 },
        { do: 'crash', member: 1, how: 'kill', afterMs: 1_000 },
        { do: 'start', member: 1, afterMs: 3_000 },
      ],
    },
  },
  'a handler with promises, time and chance': {
    seed: 4,
    members: 1,
    partitions: 2,
    consumer: { ...times, assignmentStrategy: 'range' },
    handler: async () => {
      await sleep(Math.random() * 400)
    },
    workload: {
      record: ({ id }) => ({ key: `key-${id % 2}`, value: `record ${id}` }),
      steps: [
        { do: 'start', member: 0, afterMs: 0 },
        { do: 'produce', records: 10, afterMs: 1_000 },
        { do: 'freeze', member: 0, forMs: 4_000, afterMs: 2_000 },
        { do: 'wait', afterMs: 5_000 },
      ],
    },
  },
  'bytes over connections that go silent': {
    seed: 5,
    members: 2,
    partitions: 2,
    consumer: { ...times, assignmentStrategy: 'roundrobin' },
    workload: {
      steps: [
        { do: 'start', member: 0, afterMs: 0 },
        { do: 'start', member: 1, afterMs: 10 },
        { do: 'produce', records: 6, afterMs: 3_000 },
        { do: 'silence', host: 'member-1', afterMs: 1_000 },
        { do: 'wait', afterMs: 4_000 },
      ],
    },
  },
}
