import { Stopwatch } from '../measure.mjs'
import { makeRecords } from '../records.mjs'
import { WARM_UP_SHARE } from '../settings.mjs'

/** Sends `task.records`, each send awaited before the next. */
export const sendAll = async (bus, task) => {
  const producer = bus.producer({
    acks: task.acks,
    compression: task.compression,
    idempotent: task.idempotent,
  })
  const recordsFrom = makeRecords(task)
  const watch = new Stopwatch()
  const warmUp = task.records * WARM_UP_SHARE
  let sent = 0
  while (sent < task.records) {
    if (!watch.isRunning && sent >= warmUp) watch.start(sent)
    const results = await producer.send(task.topic, recordsFrom(sent, task.sendRecords))
    sent += results.length
  }
  return watch.stop(sent)
}
