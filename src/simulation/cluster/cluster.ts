import * as Effect from 'effect/Effect'
import { type Broker, createBroker } from '../../broker/broker.js'
import { brokerConfig } from '../../broker/config.js'
import type { RebalanceReport } from '../../broker/groups/group-host.js'
import type { Logger } from '../../broker/logger.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { ProcessRecorder } from '../../runtime/trace-recorder.js'
import type { Party } from '../network/stream.js'
import { Gate } from '../time/gate.js'
import type { VirtualTime } from '../time/virtual-time.js'
import { GroupWatch } from './group-watch.js'
import { Roles } from './roles.js'
import { SimulatedStore, type StoreTimes } from './simulated-store.js'

export interface ClusterOptions {
  readonly time: VirtualTime
  readonly recorder: ProcessRecorder
  /** How many addresses the cluster has. */
  readonly nodes: number
  readonly storeTimes: StoreTimes
  readonly initialRebalanceDelayMs: number
  /** FindCoordinator's older answers do not say which group they are for. */
  readonly group: string
  readonly onTopicDeleted: (topic: string) => void
  /** Member ids hold random parts: what they are called in traces. */
  readonly nameOf: (memberId: string) => string
}

/** One run of the broker's process. */
interface Run {
  readonly gate: Gate
  readonly runtime: Runtime
  readonly broker: Broker
}

/**
 * The embedded broker, whole, behind one or more addresses. Each address is a node in the clients'
 * eyes, with groups that it coordinates and partitions that it leads; behind them is one broker
 * with one store, as replication would make many look.
 */
export class SimulatedCluster {
  readonly store: SimulatedStore
  readonly roles: Roles
  readonly recorder: ProcessRecorder
  readonly nodeIds: readonly number[]
  readonly #options: ClusterOptions
  readonly #random: () => number
  readonly #topicNames = new Map<string, string>()
  #run: Run | undefined
  #runs = 0

  constructor(options: ClusterOptions) {
    const { time, recorder, nodes, storeTimes } = options
    this.#options = options
    this.recorder = recorder
    this.#random = time.randomFor('broker')
    this.nodeIds = Array.from({ length: nodes }, (_, index) => index + 1)
    this.roles = new Roles(this.nodeIds)
    this.store = new SimulatedStore(time, storeTimes, {
      written: (summary) => recorder.fact('store', { fact: 'write', ...summary }),
      flushed: (write) => recorder.fact('store', { fact: 'flush', write }),
      failed: (why) => recorder.fact('store', { fact: 'store.failed', why }),
      topicDeleted: options.onTopicDeleted,
      topicName: (topicId) => this.#topicNames.get(topicId) ?? topicId,
      memberName: options.nameOf,
    })
  }

  get isUp(): boolean {
    return this.#run !== undefined
  }

  /** The broker that runs now; it must be up. */
  get broker(): Broker {
    return this.#running.broker
  }

  get runtime(): Runtime {
    return this.#running.runtime
  }

  get gate(): Gate {
    return this.#running.gate
  }

  /** The node that a script means, also where the cluster has fewer. */
  nodeOf(number: number): number {
    return this.nodeIds[(number - 1) % this.nodeIds.length]!
  }

  party(nodeId: number): Party {
    return { host: hostOf(nodeId), name: this.recorder.name, gate: this.gate }
  }

  start(): void {
    if (this.#run !== undefined) return
    const { time, recorder, initialRebalanceDelayMs, nameOf } = this.#options
    const gate = new Gate(`broker.${++this.#runs}`)
    const runtime = time.runtimeOf(gate, this.#random)
    const watch = new GroupWatch(recorder, nameOf)
    recorder.fact('broker', { fact: 'broker.up' })
    const broker = createBroker({
      runtime,
      store: this.store.openFor(gate),
      config: brokerConfig(
        { groupInitialRebalanceDelayMs: initialRebalanceDelayMs },
        { listening: false },
      ),
      logger: this.#logger(),
      inspect: watch.inspect,
      onRebalance: (report) => this.#rebalanced(report),
    })
    this.#run = { gate, runtime, broker }
    runtime.run(Effect.ignore(broker.ready))
  }

  /** kill -9, or the power: memory is lost, and what the store had not committed. */
  crash(): void {
    if (this.#run === undefined) return
    this.#options.time.shut(this.#run.gate)
    this.#run = undefined
    this.store.crash()
    this.recorder.fact('broker', { fact: 'broker.down' })
  }

  /** For the names in traces. */
  knowTopic(topicId: string, name: string): void {
    this.#topicNames.set(topicId, name)
  }

  topicName(topicId: string): string | undefined {
    return this.#topicNames.get(topicId)
  }

  get onlyGroup(): string {
    return this.#options.group
  }

  get #running(): Run {
    if (this.#run === undefined) throw new Error('StreamBus defect: the simulated broker is down')
    return this.#run
  }

  #rebalanced({ groupId, generation, cause }: RebalanceReport): void {
    const causes = cause.map(({ what }) => what)
    this.recorder.fact(`group/${groupId}`, { fact: 'rebalanced', generation, causes })
  }

  #logger(): Logger {
    return {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (_, message) => {
        // A disk that the simulation broke is no defect; the broker logs no other error.
        if (!this.store.hasFailed) this.recorder.fact('broker', { fact: 'defect', what: message })
      },
    }
  }
}

export const hostOf = (nodeId: number): string => `broker-${nodeId}`
export const PORT = 9092
