/** Memory and CPU of a consumer that has nothing to read. Needs --expose-gc. */
const collected = () => {
  globalThis.gc()
  globalThis.gc()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heapUsed }
}

const MIB = 1024 * 1024

/** `start` resolves when the consumer owns all of its partitions. */
export const measureIdle = async (start, seconds) => {
  const before = collected()
  await start()
  await elapse(1)
  const cpu = process.cpuUsage()
  await elapse(seconds)
  const { user, system } = process.cpuUsage(cpu)
  const after = collected()
  return {
    rssMiB: (after.rss - before.rss) / MIB,
    heapMiB: (after.heapUsed - before.heapUsed) / MIB,
    cpuPercent: ((user + system) / 1e6 / seconds) * 100,
  }
}

const elapse = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
