/** So many are made, and sent again and again: keeping millions would measure the collector. */
const DISTINCT = 100_000

/**
 * The same records for every client, made before the clock starts. `from(n, count)` gives those
 * that are the n-th and following of the run.
 */
export const makeRecords = (task) => {
  const value = Buffer.alloc(task.valueBytes, 'streambus ')
  const records = Array.from({ length: Math.min(DISTINCT, task.records) }, (_, n) => ({
    key: Buffer.from(`key-${String(n).padStart(6, '0')}`),
    value,
  }))
  return (n, count) => {
    const at = n % records.length
    return records.slice(at, at + Math.min(count, task.records - n))
  }
}

export const KEY_BYTES = 10

/** A client that skipped a record, or read one twice, must not win. */
export const checkRead = (read, bytes, task) => {
  const expected = task.records * (KEY_BYTES + task.valueBytes)
  if (read !== task.records || bytes !== expected) {
    throw new Error(`read ${read} records, ${bytes} bytes; expected ${task.records}, ${expected}`)
  }
}
