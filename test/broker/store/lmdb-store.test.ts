import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as Effect from 'effect/Effect'
import { open } from 'lmdb'
import { describe, expect, it } from 'vitest'
import {
  type LmdbStoreOptions,
  type LmdbStoreSeams,
  openLmdbStore,
} from '../../../src/broker/store/lmdb-store.js'
import type { Mutation, Store } from '../../../src/broker/store/store.js'
import { appendOf, offsets, payload, topicId } from './fixtures/batches.js'
import { storeContract } from './fixtures/store-contract.js'
import { temporaryDirectories } from './fixtures/temporary-directory.js'

const newDirectory = temporaryDirectories()
const log = { topicId: topicId(1), partition: 0 }
const everything = Number.MAX_SAFE_INTEGER

const opened = (options: LmdbStoreOptions, seams?: LmdbStoreSeams): Promise<Store> =>
  Effect.runPromise(openLmdbStore(options, seams))
const write = (store: Store, ...mutations: readonly Mutation[]): Promise<void> =>
  Effect.runPromise(store.write(mutations))
const close = (store: Store): Promise<void> => Effect.runPromise(store.close)

storeContract('the LMDB store', () => opened({ directory: newDirectory() }))
storeContract('the LMDB store with fsync', () => opened({ directory: newDirectory(), fsync: true }))

describe('over a restart', () => {
  it('keeps tables and logs, and goes on', async () => {
    const directory = join(newDirectory(), 'made/by the store.dir')
    const first = await opened({ directory })
    await write(first, appendOf(log, 0, { records: 3, timestamp: 70 }), {
      type: 'put',
      table: 'topics',
      key: 'events',
      value: { id: 1 },
    })
    await close(first)

    const second = await opened({ directory })
    await write(second, appendOf(log, 3, { timestamp: 60 }))
    expect(second.get('topics', 'events')).toEqual({ id: 1 })
    expect(offsets(second.readBatches(log, 0, everything))).toEqual([
      [0, 2],
      [3, 3],
    ])
    expect(second.firstBatchSince(log, 65)?.baseOffset).toBe(0)
    expect(second.firstBatchSince(log, 71)).toBeUndefined()
    await expect(write(second, appendOf(log, 3))).rejects.toThrow(/after offset 3/)
    await close(second)
  })

  it('finishes a deletion that was under way, and never shows the log meanwhile', async () => {
    const directory = newDirectory()
    const other = { topicId: topicId(2), partition: 0 }
    const first = await opened({ directory })
    const batches = Array.from({ length: 2_000 }, (_, index) => appendOf(log, index))
    await write(first, ...batches, appendOf(other, 0))
    // Closing right after the acknowledgement leaves most of the batches where they were.
    await write(first, { type: 'deleteLog', topicId: log.topicId })
    await close(first)
    expect(keysIn(directory, 'log')).toBeGreaterThan(1)
    expect(keysIn(directory, 'dropped-logs')).toBe(1)

    const second = await opened({ directory })
    expect(second.readBatches(log, 0, everything)).toEqual([])
    await write(second, appendOf(log, 5_000))
    // The sweep and other writes take turns; enough turns and it is done.
    for (let turn = 0; turn < 20; turn++)
      await write(second, { type: 'put', table: 'broker', key: 'turn', value: turn })
    await close(second)
    expect(keysIn(directory, 'log')).toBe(1)
    expect(keysIn(directory, 'dropped-logs')).toBe(0)
  })

  it('refuses reads and writes once closed, after finishing what was issued', async () => {
    const directory = newDirectory()
    const store = await opened({ directory })
    const issued = Array.from({ length: 50 }, (_, index) =>
      write(store, appendOf(log, index, { size: 20_000 })),
    )
    const closing = close(store)
    await expect(write(store, appendOf(log, 50))).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await Promise.all([...issued, closing])
    expect(() => store.get('broker', 'x')).toThrow(/closed/)
    expect(() => store.readBatches(log, 0, 1)).toThrow(/closed/)
    await expect(write(store)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    const again = await opened({ directory })
    expect(again.readBatches(log, 0, everything)).toHaveLength(50)
    await close(again)
  })
})

describe('large values', () => {
  it('takes a batch of 100 MiB into a small map and gives it back whole', async () => {
    const store = await opened({ directory: newDirectory(), mapSizeBytes: 1024 * 1024 })
    const size = 100 * 1024 * 1024
    await write(store, appendOf(log, 0), appendOf(log, 1, { size }), appendOf(log, 2))
    const [batch, ...rest] = store.readBatches(log, 1, 1_000)
    expect(rest).toEqual([])
    expect(batch!.bytes.equals(payload(1, size))).toBe(true)
    await close(store)
  })
})

describe('a failed write', () => {
  it('poisons the store: all later writes fail with the same error, reads go on', async () => {
    const directory = newDirectory()
    let commits = 0
    const store = await opened(
      { directory },
      {
        aroundCommit: (commit) =>
          ++commits === 2 ? Promise.reject(new Error('no such luck')) : commit(),
      },
    )
    await write(store, appendOf(log, 0))
    const codes = await Promise.all(
      [1, 2, 3].map((offset) =>
        write(store, appendOf(log, offset)).then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    )
    expect(codes[0]).toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining(directory),
    })
    expect(codes[0]).toMatchObject({ message: expect.stringContaining('no such luck') })
    expect(codes[1]).toBe(codes[0])
    expect(codes[2]).toBe(codes[0])
    await expect(write(store)).rejects.toBe(codes[0])
    expect(commits).toBe(2)
    expect(store.lastBatch(log)?.lastOffset).toBe(0)
    await close(store)

    const again = await opened({ directory })
    expect(again.lastBatch(log)?.lastOffset).toBe(0)
    await write(again, appendOf(log, 1))
    await close(again)
  })
})

describe('the directory', () => {
  const failure = (directory: string): Promise<Error & { code: string }> =>
    opened({ directory }).then(
      () => expect.fail('opened'),
      (error: Error & { code: string }) => error,
    )

  it('is locked within the process, too, and free again after close', async () => {
    const directory = newDirectory()
    const store = await opened({ directory })
    const error = await failure(`${directory}/.`)
    expect(error).toMatchObject({ code: 'DATA_DIR_LOCKED' })
    expect(error.message).toContain(directory)
    expect(error.message).toContain(`process ${process.pid}`)
    expect(error.message).not.toContain('\n')
    await close(store)
    await close(await opened({ directory }))
  })

  it('fences the older of two that opened it by force, before it writes anything', async () => {
    const directory = newDirectory()
    const older = await opened({ directory })
    await write(older, appendOf(log, 0))
    for (const name of readdirSync(directory))
      if (name.startsWith('streambus.lock')) rmSync(join(directory, name))
    const newer = await opened({ directory })
    await write(newer, appendOf(log, 1))

    const refused = write(older, appendOf(log, 1), {
      type: 'put',
      table: 'broker',
      key: 'who',
      value: 'older',
    })
    await expect(refused).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await expect(refused).rejects.toThrow(`${directory} was opened by process ${process.pid}`)
    await write(newer, appendOf(log, 2))
    expect(newer.get('broker', 'who')).toBeUndefined()
    expect(offsets(newer.readBatches(log, 0, everything))).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ])
    await close(newer)
    await close(older)
  })

  it('must be ours or empty: one error that names it, and nothing is left behind', async () => {
    const cases: readonly (readonly [why: RegExp, fill: (directory: string) => unknown])[] = [
      [/holds 'notes.txt'/, (dir) => writeFileSync(join(dir, 'notes.txt'), 'hello')],
      [
        /not LMDB/,
        (dir) => writeFileSync(join(dir, 'data.mdb'), 'not a database, but long enough'),
      ],
      [/not LMDB/, (dir) => writeFileSync(join(dir, 'data.mdb'), 'short')],
      [/another program/, (dir) => foreignDatabase(dir, 'theirs', '1')],
      [/format 2, this StreamBus knows 1/, (dir) => foreignDatabase(dir, 'streambus.format', '2')],
    ]
    for (const [why, fill] of cases) {
      const directory = newDirectory()
      await fill(directory)
      const error = await failure(directory)
      expect(error.code).toBe('STORE_FAILED')
      expect(error.message).toMatch(why)
      expect(error.message).toContain(directory)
      // Refused again for the same reason: the first attempt neither locked nor changed it.
      expect((await failure(directory)).message).toBe(error.message)
    }
  })

  it('may hold what file systems and tools put there', async () => {
    const directory = newDirectory()
    mkdirSync(join(directory, 'lost+found'))
    writeFileSync(join(directory, '.gitkeep'), '')
    writeFileSync(join(directory, 'data.mdb'), '')
    await close(await opened({ directory }))
  })

  it('must be creatable', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'file'), '')
    const error = await failure(join(directory, 'file', 'data'))
    expect(error).toMatchObject({ code: 'STORE_FAILED' })
    expect(error.message).toContain(join(directory, 'file', 'data'))
  })

  it.skipIf(process.getuid?.() === 0)('must be writable', async () => {
    const directory = newDirectory()
    chmodSync(directory, 0o500)
    const error = await failure(directory)
    expect(error).toMatchObject({ code: 'STORE_FAILED' })
    expect(error.message).toContain(directory)
  })
})

function keysIn(directory: string, name: string): number {
  const root = open({ path: directory, noSubdir: false, readOnly: true })
  const count = root
    .openDB({ name, keyEncoding: 'binary', encoding: 'binary' })
    .getKeysCount({ start: Buffer.of(0) })
  void root.close()
  return count
}

async function foreignDatabase(directory: string, key: string, value: string): Promise<void> {
  const root = open({ path: directory, noSubdir: false, encoding: 'binary' })
  await root.put(key, Buffer.from(value))
  await root.close()
}
