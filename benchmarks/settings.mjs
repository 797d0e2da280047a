/** What is measured, with the same figures for every client. Printed with the results. */

/** @param {boolean} isQuick a smoke run: the figures mean nothing then */
export const settingsFor = (isQuick) => ({
  isQuick,
  runs: isQuick ? 1 : 5,
  partitions: 4,
  sizes: [
    { name: '100 B', valueBytes: 100, consume: isQuick ? 40_000 : 2_000_000, ...produced(isQuick) },
    { name: '1 KiB', valueBytes: 1024, consume: isQuick ? 10_000 : 400_000, ...produced(isQuick) },
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

const produced = (isQuick) => ({ produce: isQuick ? 5_000 : 400_000 })

/** Before the clock starts, so that compiling and connecting are not measured. */
export const WARM_UP_SHARE = 0.1

/** In words, for the table. */
export const describeSettings = (settings) => [
  `one topic, ${settings.partitions} partitions; records with a 10-byte key and a value of the size said`,
  `produce: ${settings.sendRecords} records an awaited send, acks ${settings.acks}, ` +
    `compression ${settings.compression}, idempotence ${settings.idempotent ? 'on' : 'off'}`,
  `consume: one member of a new group from the beginning; fetches of at most ` +
    `${settings.maxPartitionFetchBytes / 1024} KiB a partition, min ${settings.fetchMinBytes} B, ` +
    `wait ${settings.fetchMaxWaitMs} ms; auto-commit every ${settings.commitEveryMs} ms; ` +
    `poll of at most ${settings.pollRecords} records; key, value and offset of each record are read`,
  `${settings.runs} runs of each in turn (A B C D A B C D ...), the medians (lowest - highest); ` +
    `the first ${WARM_UP_SHARE * 100} % of a run are not measured`,
]
