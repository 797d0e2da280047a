import { describe, expect, it } from 'vitest'
import { commitQueue } from '../../../src/broker/store/commit-queue.js'
import { StreamBusError } from '../../../src/domain/errors.js'

const failed = new StreamBusError('STORE_FAILED', 'failed')
const closed = new StreamBusError('STORE_FAILED', 'closed')
const mebibyte = 1024 * 1024

/** A queue whose commits the test finishes by hand. */
function harness() {
  const commits: { operations: readonly string[]; finish: () => void; fail: () => void }[] = []
  const settled: string[] = []
  const queue = commitQueue<string>(
    (operations) =>
      new Promise((resolve, reject) => {
        commits.push({ operations, finish: resolve, fail: () => reject(new Error('disk')) })
      }),
    () => failed,
  )
  const submit = (name: string, bytes = 1): void =>
    queue.submit({
      operations: [name],
      bytes,
      done: (failure) => settled.push(failure === undefined ? name : `${name} ${failure.message}`),
    })
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const finish = async (index: number): Promise<void> => {
    commits[index]!.finish()
    await turn()
  }
  return { queue, commits, settled, submit, turn, finish }
}

describe('a commit queue', () => {
  it('commits at once when idle, and then together what was issued meanwhile', async () => {
    const { commits, settled, submit, finish } = harness()
    for (const name of ['a', 'b', 'c']) submit(name)
    expect(commits.map((each) => each.operations)).toEqual([['a']])
    await finish(0)
    expect(settled).toEqual(['a'])
    submit('d')
    expect(commits.map((each) => each.operations)).toEqual([['a'], ['b', 'c']])
    await finish(1)
    await finish(2)
    expect(settled).toEqual(['a', 'b', 'c', 'd'])
    submit('e')
    expect(commits[3]!.operations).toEqual(['e'])
  })

  it('bounds a commit by bytes, but never splits or starves a write', async () => {
    const { commits, submit, finish } = harness()
    submit('first')
    for (const [name, size] of [
      ['a', 5],
      ['b', 3],
      ['c', 1],
      ['huge', 100],
      ['d', 1],
    ] as const) {
      submit(name, size * mebibyte)
    }
    for (let index = 0; index < 4; index++) await finish(index)
    expect(commits.slice(1).map((each) => each.operations)).toEqual([
      ['a', 'b'],
      ['c'],
      ['huge'],
      ['d'],
    ])
  })

  it('lets nothing commit after a failure', async () => {
    const { queue, commits, settled, submit, turn, finish } = harness()
    submit('a')
    submit('b')
    submit('c')
    await finish(0)
    commits[1]!.fail()
    submit('d')
    await turn()
    submit('e')
    expect(settled).toEqual(['a', 'b failed', 'c failed', 'd failed', 'e failed'])
    expect(commits).toHaveLength(2)
    expect(queue.failure()).toBe(failed)
    await queue.close(closed)
  })

  it('closes after what was issued, and refuses the rest', async () => {
    const { queue, settled, submit, turn, finish } = harness()
    submit('a')
    submit('b')
    let isClosed = false
    const closing = queue.close(closed).then(() => {
      isClosed = true
    })
    submit('late')
    expect(settled).toEqual(['late closed'])
    await finish(0)
    await turn()
    expect(isClosed).toBe(false)
    await finish(1)
    await closing
    expect(settled).toEqual(['late closed', 'a', 'b'])
  })

  it('takes writes issued from a `done`', async () => {
    const { queue, commits, settled, submit, finish } = harness()
    queue.submit({ operations: ['a'], bytes: 1, done: () => submit('b') })
    await finish(0)
    expect(commits.map((each) => each.operations)).toEqual([['a'], ['b']])
    await finish(1)
    expect(settled).toEqual(['b'])
  })
})
