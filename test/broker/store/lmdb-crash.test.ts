import * as Effect from 'effect/Effect'
import { describe, expect, it } from 'vitest'
import { openLmdbStore } from '../../../src/broker/store/lmdb-store.js'
import { payload, topicId } from './fixtures/batches.js'
import { compiledModule, runChild } from './fixtures/compiled.js'
import { temporaryDirectories } from './fixtures/temporary-directory.js'

const newDirectory = temporaryDirectories()
const log = { topicId: topicId(1), partition: 3 }
const size = 3_000

/**
 * Appends for ever, 16 writes in flight, and prints each offset when its write is acknowledged.
 * Each write is a batch and a table entry that says the same.
 */
const appender = (directory: string): string => `
  import { writeSync } from 'node:fs'
  // Should the test die first, nobody would kill this one.
  process.stdin.on('end', () => process.exit()).resume()
  import * as Effect from 'effect/Effect'
  const { openLmdbStore } = await import('${compiledModule('lmdb-store')}')
  const store = await Effect.runPromise(openLmdbStore({ directory: '${directory}' }))
  const log = ${JSON.stringify(log)}
  let next = (store.lastBatch(log)?.lastOffset ?? -1) + 1
  const loop = async () => {
    for (;;) {
      const offset = next++
      await Effect.runPromise(store.write([
        { type: 'append', ...log, baseOffset: offset, lastOffset: offset, maxTimestamp: offset,
          bytes: Buffer.alloc(${size}, '<' + offset + '>') },
        { type: 'put', table: 'producers', key: 'last', value: offset },
      ]))
      writeSync(1, offset + '\\n')
    }
  }
  await Promise.all(Array.from({ length: 16 }, loop))
`

describe('after kill -9', () => {
  it('has every acknowledged write, whole and in order, again and again', async () => {
    const directory = newDirectory()
    let last = -1
    for (const until of [10, 400, 1_500]) {
      const child = runChild(appender(directory))
      const goal = last + until
      await child.line((line) => Number(line) >= goal)
      child.process.kill('SIGKILL')
      const acknowledged = (await child.ended).map(Number)

      const store = await Effect.runPromise(openLmdbStore({ directory }))
      const batches = store.readBatches(log, 0, Number.MAX_SAFE_INTEGER)
      const stored = batches.length - 1
      expect(Math.max(...acknowledged)).toBeLessThanOrEqual(stored)
      for (const [index, batch] of batches.entries()) {
        expect(batch.lastOffset).toBe(index)
        if (!batch.bytes.equals(payload(index, size))) expect.fail(`batch ${index} is damaged`)
      }
      // A write is one step: batch and entry agree.
      expect(store.get('producers', 'last')).toBe(stored)
      await Effect.runPromise(store.close)
      last = stored
    }
  })

  it('lets the next process in at once, but none while the first lives', async () => {
    const directory = newDirectory()
    const child = runChild(appender(directory))
    await child.line((line) => line === '5')
    const attempt = Effect.runPromise(openLmdbStore({ directory }))
    await expect(attempt).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' })
    await expect(attempt).rejects.toThrow(`in use by process ${child.process.pid}`)
    child.process.kill('SIGKILL')
    await child.ended
    const store = await Effect.runPromise(openLmdbStore({ directory }))
    await Effect.runPromise(store.close)
  })
})

describe('when the disk takes no more', () => {
  // A limit on the file size stands in for a full disk: the kernel refuses the write itself.
  it('fails with STORE_FAILED from then on, keeps what it acknowledged, and closes', async () => {
    const directory = newDirectory()
    const script = `
      import * as Effect from 'effect/Effect'
      const { openLmdbStore } = await import('${compiledModule('lmdb-store')}')
      const store = await Effect.runPromise(openLmdbStore({ directory: '${directory}' }))
      const log = ${JSON.stringify(log)}
      const attempt = (offset) => Effect.runPromise(store.write([
        { type: 'append', ...log, baseOffset: offset, lastOffset: offset, maxTimestamp: 0,
          bytes: Buffer.alloc(50_000, '<' + offset + '>') }]))
      let offset = 0
      try {
        for (;;) { await attempt(offset); offset++ }
      } catch (error) {
        console.log(JSON.stringify({ offset, code: error.code, message: error.message }))
        await attempt(offset + 1).catch((again) => console.log(again === error ? 'same' : again))
      }
      await Effect.runPromise(store.close)
      console.log('closed')
    `
    const child = runChild(script, 'ulimit -f 1000; ')
    const [report, ...rest] = await child.ended
    const { offset, code, message } = JSON.parse(report!)
    expect(rest).toEqual(['same', 'closed'])
    expect(code).toBe('STORE_FAILED')
    expect(message).toContain(directory)
    expect(message).not.toContain('\n')

    const store = await Effect.runPromise(openLmdbStore({ directory }))
    const batches = store.readBatches(log, 0, Number.MAX_SAFE_INTEGER)
    expect(batches.length).toBe(offset)
    expect(batches.every((batch, index) => batch.bytes.equals(payload(index, 50_000)))).toBe(true)
    await Effect.runPromise(store.close)
  })
})
