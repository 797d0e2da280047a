import { assert, StreamBusError } from '../../domain/errors.js'
import type { LogKey, Mutation } from './store.js'

/** The longest table key, in bytes of UTF-8: LMDB refuses keys above 1978 bytes, one is ours. */
export const maxKeyBytes = 1_900

/** What a log holds after all writes issued so far, committed or not. */
export interface LogTail {
  readonly lastOffset: number
  /** The largest timestamp of the whole log up to here, so that it never falls along the log. */
  readonly latestTimestamp: number
}

export const emptyTail: LogTail = { lastOffset: -1, latestTimestamp: Number.NEGATIVE_INFINITY }

/**
 * Looks at a whole write before any of it is applied, so that a refused write leaves no trace.
 * Throws INVALID_ARGUMENT for a key that is too long (clients choose group names, so this can
 * happen in production); offsets that go backwards are a bug of the broker and assert.
 */
export function checkMutations(
  mutations: readonly Mutation[],
  tailOf: (log: LogKey) => LogTail,
): void {
  let lastOffsets: Map<string, number> | undefined
  for (const mutation of mutations) {
    if (mutation.type === 'put' || mutation.type === 'delete')
      checkKey(mutation.table, mutation.key)
    if (mutation.type !== 'append') continue
    const { topicId, partition, baseOffset, lastOffset } = mutation
    lastOffsets ??= new Map()
    const log = `${topicId}/${partition}`
    const previous = lastOffsets.get(log) ?? tailOf(mutation).lastOffset
    assert(
      baseOffset > previous && lastOffset >= baseOffset && Number.isSafeInteger(lastOffset),
      `batch ${baseOffset}..${lastOffset} appended to ${log} after offset ${previous}`,
    )
    lastOffsets.set(log, lastOffset)
  }
}

function checkKey(table: string, key: string): void {
  if (key.length * 3 <= maxKeyBytes) return
  const bytes = Buffer.byteLength(key)
  if (bytes <= maxKeyBytes) return
  throw new StreamBusError(
    'INVALID_ARGUMENT',
    `A key of ${bytes} bytes does not fit into table ${table} (at most ${maxKeyBytes}): ` +
      `use a shorter name than '${key.slice(0, 40)}...'`,
  )
}

/** The JSON text of a value to be put. Anything that JSON cannot express at all asserts. */
export function jsonOf(value: unknown, table: string, key: string): string {
  const text = JSON.stringify(value)
  assert(text !== undefined, `value of ${table}/${key} is not JSON`)
  return text
}
