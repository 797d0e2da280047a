import * as Effect from 'effect/Effect'
import { expect, it } from 'vitest'
import { memoryStore } from '../../../src/broker/store/memory-store.js'
import { appendOf, topicId } from './fixtures/batches.js'
import { storeContract } from './fixtures/store-contract.js'

storeContract('the memory store', async () => memoryStore())

const log = { topicId: topicId(1), partition: 0 }

it('writes synchronously, so the simulator can run it in virtual time', () => {
  const store = memoryStore()
  Effect.runSync(store.write([appendOf(log, 0)]))
  expect(store.lastBatch(log)?.lastOffset).toBe(0)
})

it('keeps its contents over close, for a broker that restarts on it', () => {
  const store = memoryStore()
  Effect.runSync(store.write([appendOf(log, 0)]))
  Effect.runSync(store.close)
  Effect.runSync(store.write([appendOf(log, 1)]))
  expect(store.readBatches(log, 0, 1_000)).toHaveLength(2)
})
