import { closeSync, openSync, writeSync } from 'node:fs'
import { connect } from '../../connect.js'
import type { Consumer } from '../../consumer/consumer.js'
import { keyOf, type TopicPartition } from '../../domain/topic-partition.js'
import { realClock } from '../../runtime/clock.js'

/** What a worker tells its parent, one JSON object a line. */
export type WorkerEvent =
  | { readonly event: 'assigned' | 'revoked' | 'lost'; readonly partitions: readonly string[] }
  | { readonly event: 'progress'; readonly processed: number }
  | { readonly event: 'left'; readonly processed: number }
  | { readonly event: 'failed'; readonly message: string }

export interface WorkerSettings {
  readonly broker: string
  readonly id: string
  readonly topic: string
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** One line a processed record: ownership, partition, offset. Written before the commit. */
  readonly ledger: string
}

const PROGRESS_MS = 500
/** What a killed consumer processed since its last commit is processed again by another one. */
const COMMIT_MS = 1_000

/** One consumer process of the demo. Ends when told by SIGTERM, or when its parent goes away. */
export const runWorker = async (settings: WorkerSettings): Promise<void> => {
  const ledger = openSync(settings.ledger, 'a')
  let ownership = 0
  let processed = 0
  const tell = (event: WorkerEvent): void => {
    process.stdout.write(`${JSON.stringify({ ...event, at: realClock.now() })}\n`)
  }
  const tellPartitions =
    (event: 'assigned' | 'revoked' | 'lost') =>
    (partitions: readonly TopicPartition[]): void => {
      ownership++
      tell({ event, partitions: partitions.map(keyOf) })
    }
  const bus = await connect({ brokers: [settings.broker], clientId: settings.id })
  /** A commit that a rebalance overtook is no failure: what it covered is delivered again. */
  const commit = async (): Promise<void> => {
    try {
      await consumer.commit()
    } catch (error) {
      if (!overtaken.has((error as { readonly code?: string }).code ?? '')) throw error
    }
  }
  const consumer: Consumer = bus.consumer({
    groupId: settings.groupId,
    topics: [settings.topic],
    clientId: settings.id,
    sessionTimeoutMs: settings.sessionTimeoutMs,
    heartbeatIntervalMs: settings.heartbeatIntervalMs,
    rebalanceTimeoutMs: 10_000,
    autoCommit: false,
    onPartitionsAssigned: tellPartitions('assigned'),
    onPartitionsRevoked: async (partitions) => {
      await commit()
      tellPartitions('revoked')(partitions)
    },
    onPartitionsLost: tellPartitions('lost'),
  })
  let isStopping = false
  const stop = (): void => {
    isStopping = true
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', () => undefined)
  process.stdin.on('end', stop).on('error', stop).resume()
  let toldAt = 0
  let committedAt = realClock.elapsed()
  try {
    await consumer.subscribe()
    while (!isStopping) {
      const records = await consumer.poll({ timeoutMs: 200, maxRecords: 200 })
      let lines = ''
      for (const { partition, offset } of records) lines += `${ownership} ${partition} ${offset}\n`
      if (lines !== '') writeSync(ledger, lines)
      processed += records.length
      const now = realClock.elapsed()
      if (now - committedAt > COMMIT_MS) {
        committedAt = now
        await commit()
      }
      if (now - toldAt > PROGRESS_MS) {
        toldAt = now
        tell({ event: 'progress', processed })
      }
    }
    await commit()
    await consumer.close()
    tell({ event: 'left', processed })
  } catch (error) {
    tell({ event: 'failed', message: error instanceof Error ? error.message : String(error) })
    process.exitCode = 1
  } finally {
    await bus.close()
    closeSync(ledger)
    process.stdin.destroy()
  }
}

const overtaken = new Set(['COMMIT_FAILED', 'NOT_ASSIGNED', 'MEMBER_FENCED'])
