import { StreamBusError } from '../domain/errors.js'
import type { ClusterView } from '../transport/transport.js'
import { PartitionQueue, type QueueRules } from './partition-queue.js'
import { nextSticky } from './partitioner.js'
import type { SendCall } from './send-call.js'

/** A topic that is being written to. */
export class ProducerTopic {
  readonly name: string
  /** 0: not known (yet, or any more). */
  partitionCount = 0
  /** Smaller than configured once the broker has refused a batch as too large. */
  maxBatchBytes: number
  /** Calls that wait for the partition count. */
  readonly waiting = new Set<SendCall>()
  readonly #rules: QueueRules
  readonly #queues: (PartitionQueue | undefined)[] = []
  #sticky = -1
  #available: readonly number[] = []
  #availableAt = -1

  constructor(name: string, maxBatchBytes: number, rules: QueueRules) {
    this.name = name
    this.maxBatchBytes = maxBatchBytes
    this.#rules = rules
  }

  queue(partition: number): PartitionQueue {
    const known = this.#queues[partition]
    if (known !== undefined) return known
    const made = new PartitionQueue({ topic: this.name, partition }, this.#rules)
    this.#queues[partition] = made
    return made
  }

  *queues(): Iterable<PartitionQueue> {
    for (const queue of this.#queues) if (queue !== undefined) yield queue
  }

  /**
   * For records that may go anywhere: one partition until its batch is full or gone, so that
   * batches fill up (KIP-480). Partitions without a leader are passed over where that is possible.
   */
  sticky(bytes: number, view: ClusterView, random: () => number): PartitionQueue {
    const isGood = this.#sticky >= 0 && this.#sticky < this.partitionCount
    if (!isGood || !this.queue(this.#sticky).hasRoom(bytes, this.maxBatchBytes)) {
      this.#sticky = nextSticky(this.#availableIn(view), this.#sticky, random)
    }
    return this.queue(this.#sticky)
  }

  /** Errors: INVALID_ARGUMENT. */
  checked(partition: number, whose: string): PartitionQueue {
    const { partitionCount } = this
    if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) {
      return this.queue(partition)
    }
    const most = partitionCount - 1
    throw new StreamBusError(
      'INVALID_ARGUMENT',
      `send to topic ${this.name}: ${whose} ${partition}: its partitions are 0 to ${most}`,
      { topic: this.name, field: 'partition' },
    )
  }

  #availableIn(view: ClusterView): readonly number[] {
    if (this.#availableAt === view.revision && this.#available.length > 0) return this.#available
    const all = Array.from({ length: this.partitionCount }, (_, partition) => partition)
    const known = view.topics.get(this.name)?.partitions
    const led = all.filter((partition) => (known?.[partition]?.leader ?? -1) >= 0)
    this.#available = led.length > 0 ? led : all
    this.#availableAt = view.revision
    return this.#available
  }
}
