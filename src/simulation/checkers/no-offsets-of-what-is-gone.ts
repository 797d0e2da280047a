import type { Checker } from './checker.js'

/**
 * Invariant 3: what a commit was refused for leaves nothing behind (KAFKA-16371). Offsets of a
 * topic that is gone would be found by the readers of the next topic of that name.
 */
export const noOffsetsOfWhatIsGone: Checker = {
  name: 'no offsets of what is gone',
  invariant: 3,
  watch: (report) => {
    const gone = new Set<string>()
    return {
      topic: ({ topic, partitions }) => {
        if (partitions > 0) gone.delete(topic)
        else gone.add(topic)
      },
      write: ({ offsets = {}, seq }) => {
        for (const [partition, offset] of Object.entries(offsets)) {
          if (!gone.has(partition.slice(0, partition.lastIndexOf('-')))) continue
          report(seq, `${partition} is stored at ${offset}, although its topic is gone`)
        }
      },
    }
  },
}
