// Batch processing: one write a partition, one commit a batch.
import { type ConsumerRecord, connect } from 'streambus'
import { startBroker } from 'streambus/broker'

const VISITS = 5_000
const PAGES = ['/', '/docs', '/docs/api', '/blog', '/pricing']

const broker = await startBroker({ topics: { visits: { partitions: 4 } } })
const bus = await connect({ brokers: broker })
try {
  const producer = bus.producer()
  await producer.send(
    'visits',
    Array.from({ length: VISITS }, (_, n) => ({
      key: `visitor-${n % 97}`,
      value: PAGES[n % PAGES.length]!,
    })),
  )

  const consumer = bus.consumer({ groupId: 'visit-counter', topics: ['visits'], autoCommit: false })
  const table = new Map<string, number>()
  let processed = 0
  let writes = 0
  while (processed < VISITS) {
    const batch = await consumer.poll({ timeoutMs: 1_000, maxRecords: 1_000 })
    if (batch.isEmpty) continue
    for (const { records } of batch.byPartition()) {
      await writeToTable(table, records)
      writes++
    }
    // All or nothing: after a crash before this line the whole batch comes again, so the write must
    // bear repeating (an upsert by key and offset, or a transaction that holds the offsets too).
    await consumer.commit()
    processed += batch.length
  }

  const { commits } = consumer.stats()
  console.log(`processed ${processed} records with ${writes} writes and ${commits} commits`)
  for (const [page, count] of [...table].sort()) console.log(`  ${page}  ${count}`)
} finally {
  await bus.close()
  await broker.close()
}

/** Stands for one round trip to a database with many rows, which is what makes batches worth it. */
async function writeToTable(
  table: Map<string, number>,
  records: readonly ConsumerRecord[],
): Promise<void> {
  for (const { value } of records) {
    const page = String(value)
    table.set(page, (table.get(page) ?? 0) + 1)
  }
}
