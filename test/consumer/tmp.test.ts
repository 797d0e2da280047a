import { test } from 'vitest'
import { startBroker } from '../../src/broker/index.js'
import { connect } from '../../src/connect.js'
const go = (name: string, options: object) => test(name, async () => {
  const broker = await startBroker({ topics: { events: { partitions: 1 } } })
  const bus = await connect({ brokers: broker })
  const unc: unknown[] = []
  const c = bus.consumer({ groupId: 'a', topics: ['events'], heartbeatIntervalMs: 20, ...options })
  const r = await Promise.race([c.subscribe().then(() => 'ok', (e) => String(e)), new Promise((r) => setTimeout(() => r('hung in ' + c.state), 1000))])
  console.log(name, r)
  await bus.close().catch((e) => console.log('close', String(e))); await broker.close()
})
go('onStateChange throws', { onStateChange: () => { throw new Error('mine') } })
go('inspect throws later', { inspect: (() => { let n = 0; return () => { if (n++ > 6) throw new Error('mine') } })() })
