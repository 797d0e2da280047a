/** The same records for every client, made before the clock starts. */
export const makeRecords = (count, valueBytes) => {
  const value = Buffer.alloc(valueBytes, 'streambus ')
  return Array.from({ length: count }, (_, n) => ({
    key: Buffer.from(`key-${String(n % 100_000).padStart(6, '0')}`),
    value,
  }))
}

export const KEY_BYTES = 10

/** A client that skipped a record, or read one twice, must not win. */
export const checkRead = (read, bytes, task) => {
  const expected = task.records * (KEY_BYTES + task.valueBytes)
  if (read !== task.records || bytes !== expected) {
    throw new Error(`read ${read} records, ${bytes} bytes; expected ${task.records}, ${expected}`)
  }
}
