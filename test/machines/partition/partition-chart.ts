import type { SnapshotFrom } from 'xstate'
import type { PartitionEvent } from '../../../src/machines/partition/events.js'
import type { Decision } from '../../../src/machines/partition/legal-transitions.js'
import {
  type PartitionMachine,
  partitionMachine,
} from '../../../src/machines/partition/partition-machine.js'
import { pureSteps, type Steps } from '../pure-steps.js'

export type Snapshot = SnapshotFrom<PartitionMachine>

export const input = { topic: 'events', partition: 3, generation: 7, paused: false }
export const error = { code: 'CORRUPT_BATCH', message: 'events-3: corrupt at offset 9' } as const

export const at = (
  offset: number,
  from: 'committed' | 'reset' | 'seek' = 'seek',
): PartitionEvent => ({ type: 'position.resolved', offset, from })

export const events: readonly PartitionEvent[] = [
  at(5),
  at(9, 'committed'),
  { type: 'position.lost' },
  { type: 'buffer.filled' },
  { type: 'buffer.emptied' },
  { type: 'pause' },
  { type: 'resume', buffered: true },
  { type: 'resume', buffered: false },
  { type: 'revoke' },
  { type: 'release' },
  { type: 'lose' },
  { type: 'fail', error },
]

export interface Edge {
  readonly from: Snapshot
  readonly event: PartitionEvent
  readonly to: Snapshot
  readonly decision: Decision
}

/** The chart as it is has 54 places. */
const MOST_NODES = 500

/** A partition chart under test: the one that we ship or one changed on purpose. */
export class PartitionChart {
  readonly machine: PartitionMachine
  readonly #steps: Steps<Snapshot>
  readonly nodes: readonly Snapshot[]
  readonly edges: readonly Edge[]

  constructor(
    machine: PartitionMachine = partitionMachine,
    steps: Steps<Snapshot> = pureSteps<Snapshot>(machine, input),
  ) {
    this.machine = machine
    this.#steps = steps
    const { nodes, edges } = this.#explore()
    this.nodes = nodes
    this.edges = edges
  }

  start(paused = false): Snapshot {
    return this.#steps.initial({ ...input, paused })[0]
  }

  through(...sent: readonly PartitionEvent[]): Snapshot {
    return sent.reduce((now, event) => this.step(now, event), this.start())
  }

  step(from: Snapshot, event: PartitionEvent): Snapshot {
    return this.#steps.next(from, event)[0]
  }

  /** Every reachable place by every event: few, so all of them. */
  #explore(): { nodes: Snapshot[]; edges: Edge[] } {
    const nodes: Snapshot[] = []
    const edges: Edge[] = []
    const seen = new Set<string>()
    const visit = (snapshot: Snapshot): void => {
      const key = JSON.stringify([snapshot.value, snapshot.context])
      if (seen.has(key)) return
      seen.add(key)
      nodes.push(snapshot)
    }
    visit(this.start())
    visit(this.start(true))
    for (let index = 0; index < Math.min(nodes.length, MOST_NODES); index++) {
      const from = nodes[index]!
      if (from.status !== 'active') continue
      for (const event of events) {
        const [to, actions] = this.#steps.next(from, event)
        const isIgnored = actions.some(({ type }) => type === 'recordIgnored')
        const decision = isIgnored ? 'ignored' : to.value === from.value ? 'stays' : to.value
        edges.push({ from, event, to, decision })
        visit(to)
      }
    }
    return { nodes, edges }
  }
}
