/** What is measured, with the same figures for every client. Printed with the results. */

/** @param {boolean} isQuick a smoke run: the figures mean nothing then */
export const settingsFor = (isQuick) => ({
  isQuick,
  runs: isQuick ? 1 : 5,
  partitions: 4,
  sizes: isQuick
    ? [
        { name: '100 B', valueBytes: 100, produce: 5_000, consume: 40_000 },
        { name: '1 KiB', valueBytes: 1024, produce: 5_000, consume: 10_000 },
      ]
    : [
        { name: '100 B', valueBytes: 100, produce: 1_000_000, consume: 3_000_000 },
        { name: '1 KiB', valueBytes: 1024, produce: 200_000, consume: 500_000 },
      ],
  /** Records in one awaited `send`. */
  sendRecords: 1_000,
  acks: 'all',
  compression: 'none',
  idempotent: false,
  /** Of the fetches. */
  maxPartitionFetchBytes: 1024 * 1024,
  fetchMinBytes: 1,
  fetchMaxWaitMs: 500,
  /** Records one `poll` returns at most; kafkajs hands out whole batches. */
  pollRecords: 1_000,
  commitEveryMs: 5_000,
  idle: { partitions: isQuick ? 50 : 1_000, seconds: isQuick ? 2 : 20 },
})

/** Before the clock starts, so that compiling and connecting are not measured. */
export const WARM_UP_SHARE = 0.1

const whole = (count) => count.toLocaleString('en-US')

/** In words, for the table. */
export const describeSettings = (settings) => [
  `one topic, ${settings.partitions} partitions; records with a 10-byte key and a value of ` +
    settings.sizes
      .map(
        ({ name, produce, consume }) => `${name} (${whole(produce)} sent, ${whole(consume)} read)`,
      )
      .join(' or '),
  `produce: ${settings.sendRecords} records an awaited send, acks ${settings.acks}, ` +
    `compression ${settings.compression}, idempotence ${settings.idempotent ? 'on' : 'off'}`,
  `consume: one member of a new group from the beginning; fetches of at most ` +
    `${settings.maxPartitionFetchBytes / 1024} KiB a partition, min ${settings.fetchMinBytes} B, ` +
    `wait ${settings.fetchMaxWaitMs} ms; auto-commit every ${settings.commitEveryMs} ms; ` +
    `poll of at most ${settings.pollRecords} records; key, value and offset of each record are read`,
  `${settings.runs} runs of each in turn (A B C D A B C D ...), the medians (lowest - highest); ` +
    `the first ${WARM_UP_SHARE * 100} % of a run are not measured`,
]
