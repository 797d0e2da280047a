import { alternate, runClient, startBrokerProcess } from './measure.mjs'

const taskOf = (settings, size, records) => ({
  ...settings,
  sizes: undefined,
  idle: undefined,
  valueBytes: size.valueBytes,
  records,
})

export const PRODUCE_PEERS = { 'StreamBus over TCP': 'kafkajs' }

/** Every run writes to a topic of its own, so that none meets a longer log than another. */
export const measureProduce = async (settings, size, say) => {
  const task = taskOf(settings, size, size.produce)
  const topic = (client, run) => `${client}-${run}`
  const topics = {}
  for (let run = 0; run <= settings.runs; run++) {
    for (const client of ['streambus', 'kafkajs']) {
      topics[topic(client, run)] = { partitions: settings.partitions }
    }
  }
  const broker = await startBrokerProcess(topics)
  const { address } = broker
  const overTcp = (client) => (run) =>
    runClient(`${client}-produce`, { ...task, address, topic: topic(client, run) })
  const tasks = new Map([
    ['StreamBus over TCP', overTcp('streambus')],
    ['kafkajs', overTcp('kafkajs')],
    [
      'StreamBus in process (with the broker)',
      () => runClient('streambus-in-process', { ...task, by: 'produce', topic: 'benchmark' }),
    ],
  ])
  try {
    // The broker is warmed up alike by both before anything counts.
    await overTcp('streambus')(0)
    await overTcp('kafkajs')(0)
    return await alternate(settings.runs, tasks, say)
  } finally {
    await broker.close()
  }
}

export const CONSUME_PEERS = {
  'StreamBus poll': 'kafkajs eachBatch',
  'StreamBus for await': 'kafkajs eachMessage',
}

export const measureConsume = async (settings, size, say) => {
  const topic = 'benchmark'
  const broker = await startBrokerProcess({ [topic]: { partitions: settings.partitions } })
  const task = { ...taskOf(settings, size, size.consume), topic, address: broker.address }
  const consume = (client, by) => (run) =>
    runClient(client, { ...task, by, groupId: `${client}-${by}-${run}` })
  const tasks = new Map([
    ['StreamBus poll', consume('streambus-consume', 'poll')],
    ['kafkajs eachBatch', consume('kafkajs-consume', 'eachBatch')],
    ['StreamBus for await', consume('streambus-consume', 'iteration')],
    ['kafkajs eachMessage', consume('kafkajs-consume', 'eachMessage')],
    ['StreamBus poll in process (with the broker)', consume('streambus-in-process', 'poll')],
    [
      'StreamBus for await in process (with the broker)',
      consume('streambus-in-process', 'iteration'),
    ],
  ])
  try {
    await runClient('streambus-produce', task)
    const results = await alternate(settings.runs, tasks, say)
    const events = await runClient('streambus-events', { ...task, groupId: 'events' })
    return { results, events }
  } finally {
    await broker.close()
  }
}

/** One consumer that owns many partitions in which nothing happens. */
export const measureIdle = async (settings, say) => {
  const topic = 'idle'
  const { partitions, seconds } = settings.idle
  const broker = await startBrokerProcess({ [topic]: { partitions } })
  const results = new Map()
  try {
    for (const [name, client] of [
      ['StreamBus', 'streambus-idle'],
      ['kafkajs', 'kafkajs-idle'],
    ]) {
      const task = { ...settings, topic, partitions, seconds, groupId: client }
      const nodeOptions = ['--expose-gc']
      const result = await runClient(client, { ...task, address: broker.address }, nodeOptions)
      say(`  ${name}: ${result.cpuPercent.toFixed(2)} % CPU`)
      results.set(name, result)
    }
    return results
  } finally {
    await broker.close()
  }
}
