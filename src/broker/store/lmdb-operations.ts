import type { Environment } from './lmdb-environment.js'
import type { LogReader } from './lmdb-log-reader.js'
import { logKey, logValue, tableKey, topicBytes, topicIdOf } from './log-encoding.js'
import { checkMutations, emptyTail, jsonOf, type LogTail } from './mutation-checks.js'
import type { LogKey, Mutation } from './store.js'

/** One put or, without a value, one removal. Both buffers are ours alone until the commit. */
export interface Operation {
  readonly database: 'tables' | 'log' | 'droppedLogs'
  readonly key: Buffer
  readonly value?: Buffer
}

/** A write as LMDB will see it. */
export interface Prepared {
  readonly operations: readonly Operation[]
  readonly bytes: number
  readonly droppedLogs: readonly string[]
}

export interface OperationsBuilder {
  /** Throws before anything is remembered if the write must be refused, see checkMutations. */
  readonly prepare: (mutations: readonly Mutation[]) => Prepared
}

/**
 * Turns writes, in the order they are issued, into operations. It remembers each log's tail as
 * issued: the committed one lags behind by the writes that wait in the queue.
 */
export function operationsBuilder(
  { droppedLogs }: Pick<Environment, 'droppedLogs'>,
  reader: Pick<LogReader, 'tail'>,
): OperationsBuilder {
  const tails = new Map<string, Map<number, LogTail>>()
  const dropped = new Set<string>([...droppedLogs.getKeys()].map(topicIdOf))

  const tailOf = (log: LogKey): LogTail =>
    dropped.has(log.topicId)
      ? emptyTail
      : (tails.get(log.topicId)?.get(log.partition) ?? reader.tail(log))

  const appendOf = (mutation: Extract<Mutation, { type: 'append' }>): Operation | undefined => {
    const { topicId, partition, baseOffset, lastOffset, maxTimestamp, bytes } = mutation
    if (dropped.has(topicId)) return undefined
    const latestTimestamp = Math.max(maxTimestamp, tailOf(mutation).latestTimestamp)
    const partitions = tails.get(topicId) ?? new Map<number, LogTail>()
    partitions.set(partition, { lastOffset, latestTimestamp })
    tails.set(topicId, partitions)
    const value = logValue(baseOffset, latestTimestamp, bytes)
    return { database: 'log', key: logKey(mutation, lastOffset), value }
  }

  const operationOf = (mutation: Mutation, json: string): Operation | undefined => {
    switch (mutation.type) {
      case 'put':
        return {
          database: 'tables',
          key: tableKey(mutation.table, mutation.key),
          value: Buffer.from(json),
        }
      case 'delete':
        return { database: 'tables', key: tableKey(mutation.table, mutation.key) }
      case 'append':
        return appendOf(mutation)
      case 'deleteLog':
        dropped.add(mutation.topicId)
        tails.delete(mutation.topicId)
        return { database: 'droppedLogs', key: topicBytes(mutation.topicId), value: Buffer.of(1) }
    }
  }

  return {
    prepare: (mutations) => {
      checkMutations(mutations, tailOf)
      const texts = mutations.map((mutation) => {
        if (mutation.type === 'deleteLog') topicBytes(mutation.topicId)
        return mutation.type === 'put' ? jsonOf(mutation.value, mutation.table, mutation.key) : ''
      })
      const operations: Operation[] = []
      let bytes = 0
      for (const [index, mutation] of mutations.entries()) {
        const operation = operationOf(mutation, texts[index]!)
        if (operation === undefined) continue
        bytes += operation.key.length + (operation.value?.length ?? 0)
        operations.push(operation)
      }
      const droppedLogs = mutations.flatMap((m) => (m.type === 'deleteLog' ? [m.topicId] : []))
      return { operations, bytes, droppedLogs }
    },
  }
}
