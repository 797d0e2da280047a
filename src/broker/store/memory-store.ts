import * as Effect from 'effect/Effect'
import { isStreamBusError } from '../../domain/errors.js'
import { checkMutations, emptyTail, jsonOf, type LogTail } from './mutation-checks.js'
import type { LogKey, Mutation, Store, StoredBatch, Table } from './store.js'

interface Entry extends LogTail {
  readonly baseOffset: number
  readonly bytes: Buffer
}

type Logs = Map<string, Map<number, Entry[]>>

/**
 * A store that lives and dies with the process: for tests, the simulator, and brokers without a
 * data directory. It keeps what it is given by copy (batches) or as JSON text (table values), so
 * it shows the same values as the store on disk. `close` keeps the contents: a broker that is
 * closed and started again on the same object goes on where it was.
 */
export function memoryStore(): Store {
  const tables = new Map<Table, MemoryTable>()
  const logs: Logs = new Map()
  const deletedLogs = new Set<string>()

  const table = (name: Table): MemoryTable => {
    const found = tables.get(name) ?? memoryTable()
    tables.set(name, found)
    return found
  }
  const entries = (log: LogKey): readonly Entry[] => logs.get(log.topicId)?.get(log.partition) ?? []

  const apply = (mutation: Mutation, json: string): void => {
    switch (mutation.type) {
      case 'put':
        table(mutation.table).put(mutation.key, json)
        break
      case 'delete':
        table(mutation.table).delete(mutation.key)
        break
      case 'append':
        if (!deletedLogs.has(mutation.topicId)) append(logs, mutation)
        break
      case 'deleteLog':
        logs.delete(mutation.topicId)
        deletedLogs.add(mutation.topicId)
    }
  }

  return {
    write: (mutations) =>
      Effect.suspend(() => {
        let texts: readonly string[]
        try {
          checkMutations(mutations, (log) => entries(log).at(-1) ?? emptyTail)
          // Before anything is applied: a value that is not JSON must not leave half a write.
          texts = mutations.map((m) => (m.type === 'put' ? jsonOf(m.value, m.table, m.key) : ''))
        } catch (error) {
          return isStreamBusError(error) ? Effect.fail(error) : Effect.die(error)
        }
        for (const [index, mutation] of mutations.entries()) apply(mutation, texts[index]!)
        return Effect.void
      }),
    get: (name, key) => table(name).get(key),
    list: (name, prefix = '') => table(name).list(prefix),
    readBatches: (log, fromOffset, maxBytes) => {
      const all = entries(log)
      const first = firstIndex(all, (entry) => entry.lastOffset >= fromOffset)
      let end = first
      let total = 0
      while (end < all.length && total < maxBytes) {
        const size = all[end]!.bytes.length
        if (end > first && total + size > maxBytes) break
        total += size
        end++
      }
      // A limit of 0 gives the first batch as well.
      if (end === first && first < all.length) end++
      return copiesOf(all.slice(first, end))
    },
    firstBatchSince: (log, timestampMs) => {
      const all = entries(log)
      const entry = all[firstIndex(all, (each) => each.latestTimestamp >= timestampMs)]
      return entry && copyOf(entry)
    },
    lastBatch: (log) => {
      const entry = entries(log).at(-1)
      return entry && copyOf(entry)
    },
    firstBatch: (log) => {
      const entry = entries(log)[0]
      return entry && copyOf(entry)
    },
    close: Effect.void,
  }
}

function append(logs: Logs, mutation: Extract<Mutation, { type: 'append' }>): void {
  const { topicId, partition, baseOffset, lastOffset, maxTimestamp, bytes } = mutation
  const partitions = logs.get(topicId) ?? new Map<number, Entry[]>()
  const log = partitions.get(partition) ?? []
  const latestTimestamp = Math.max(maxTimestamp, (log.at(-1) ?? emptyTail).latestTimestamp)
  log.push({ baseOffset, lastOffset, latestTimestamp, bytes: Buffer.from(bytes) })
  partitions.set(partition, log)
  logs.set(topicId, partitions)
}

const copyOf = ({ baseOffset, lastOffset, bytes }: Entry): StoredBatch => ({
  baseOffset,
  lastOffset,
  bytes: Buffer.from(bytes),
})

/**
 * All of them in one piece of memory, side by side: a fetch passes it on as it is. Copying each
 * batch by itself and joining the copies kept the broker busy with garbage for a third of its time.
 */
const copiesOf = (found: readonly Entry[]): StoredBatch[] => {
  const memory = Buffer.allocUnsafe(found.reduce((sum, { bytes }) => sum + bytes.length, 0))
  let at = 0
  return found.map(({ baseOffset, lastOffset, bytes }) => {
    memory.set(bytes, at)
    const copy = memory.subarray(at, at + bytes.length)
    at += bytes.length
    return { baseOffset, lastOffset, bytes: copy }
  })
}

/** The first index from which `holds` is true on; the length if it never is. */
function firstIndex(entries: readonly Entry[], holds: (entry: Entry) => boolean): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(entries[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}

interface MemoryTable {
  readonly get: (key: string) => unknown
  readonly list: (prefix: string) => readonly (readonly [key: string, value: unknown])[]
  readonly put: (key: string, json: string) => void
  readonly delete: (key: string) => void
}

function memoryTable(): MemoryTable {
  const values = new Map<string, string>()
  let sortedKeys: readonly string[] | undefined
  return {
    get: (key) => {
      const json = values.get(key)
      return json === undefined ? undefined : JSON.parse(json)
    },
    list: (prefix) => {
      sortedKeys ??= [...values.keys()].sort(byBytes)
      const found: (readonly [string, unknown])[] = []
      for (const key of sortedKeys) {
        if (key.startsWith(prefix)) found.push([key, JSON.parse(values.get(key)!)])
      }
      return found
    },
    put: (key, json) => {
      if (!values.has(key)) sortedKeys = undefined
      values.set(key, json)
    },
    delete: (key) => {
      if (values.delete(key)) sortedKeys = undefined
    },
  }
}

/** Key order is that of the UTF-8 bytes, as on disk; `<` differs from it only in surrogates. */
const surrogate = /[\ud800-\udfff]/

function byBytes(a: string, b: string): number {
  if (surrogate.test(a) || surrogate.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : a > b ? 1 : 0
}
