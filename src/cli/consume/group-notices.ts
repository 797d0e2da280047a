import type { ConsumerOptions } from '../../consumer/config.js'
import type { Consumer } from '../../consumer/consumer.js'
import { keyOf, type TopicPartition } from '../../domain/topic-partition.js'
import type { Notice } from '../logging.js'

const list = (partitions: readonly TopicPartition[]): string => partitions.map(keyOf).join(', ')

/** Tells what each rebalance gave and took, and why it came if that is known. */
export const groupCallbacks = (
  group: string,
  notice: Notice,
  consumer: () => Consumer,
): Pick<
  ConsumerOptions,
  'onPartitionsAssigned' | 'onPartitionsRevoked' | 'onPartitionsLost' | 'onStateChange'
> => {
  const tell = (what: string) => (partitions: readonly TopicPartition[]) => {
    const { state, generation, lastRebalanceCause } = consumer().stats()
    const cause = state === 'leaving' ? 'this member leaves' : (lastRebalanceCause?.what ?? null)
    const why = cause === null ? '' : `; ${cause}`
    const where = `group ${group} generation ${generation}`
    notice(`${where}: ${what} ${list(partitions)}${why}`, {
      event: what,
      group,
      generation,
      partitions,
      cause,
    })
  }
  return {
    onPartitionsAssigned: tell('assigned'),
    onPartitionsRevoked: tell('revoked'),
    onPartitionsLost: tell('lost'),
    onStateChange: (state) => {
      if (state !== 'stable' || consumer().assignment().length > 0) return
      const { generation } = consumer().stats()
      const text = 'assigned no partitions: the group has more members than partitions'
      notice(`group ${group} generation ${generation}: ${text}`, {
        event: 'idle',
        group,
        generation,
      })
    },
  }
}
