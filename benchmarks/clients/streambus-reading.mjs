import { Stopwatch } from '../measure.mjs'
import { checkRead } from '../records.mjs'
import { WARM_UP_SHARE } from '../settings.mjs'

/** Reads `task.records` by poll, touching each record, and returns what it took. */
export const readByPoll = async (consumer, task) => {
  const watch = new Stopwatch()
  const warmUp = task.records * WARM_UP_SHARE
  let read = 0
  let bytes = 0
  let offsets = 0
  while (read < task.records) {
    const records = await consumer.poll({ timeoutMs: 5_000, maxRecords: task.pollRecords })
    for (const { key, value, offset } of records) {
      bytes += key.length + value.length
      offsets += offset
    }
    read += records.length
    if (!watch.isRunning && read >= warmUp) watch.start(read)
  }
  const result = watch.stop(read)
  checkRead(read, bytes, task)
  return { ...result, offsets }
}

/** The same by `for await`. */
export const readByIteration = async (consumer, task) => {
  const watch = new Stopwatch()
  const warmUp = task.records * WARM_UP_SHARE
  let read = 0
  let bytes = 0
  let offsets = 0
  let result
  for await (const { key, value, offset } of consumer) {
    bytes += key.length + value.length
    offsets += offset
    read++
    if (read === task.records) {
      result = watch.stop(read)
      break
    }
    if (!watch.isRunning && read >= warmUp) watch.start(read)
  }
  checkRead(read, bytes, task)
  return { ...result, offsets }
}
