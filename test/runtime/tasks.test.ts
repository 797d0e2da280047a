import * as Effect from 'effect/Effect'
import { expect, test } from 'vitest'
import { Tasks } from '../../src/runtime/tasks.js'
import { VirtualTime } from '../../src/simulation/time/virtual-time.js'

const world = () => {
  const time = new VirtualTime('tasks')
  const defects: unknown[] = []
  return { time, defects, tasks: new Tasks(time.runtime, (defect) => defects.push(defect)) }
}

test('nothing that was started outlives its owner, and nothing starts afterwards', () => {
  const { time, tasks, defects } = world()
  let beats = 0
  const beat = Effect.andThen(
    Effect.sleep(10),
    Effect.sync(() => beats++),
  )
  tasks.run(Effect.forever(beat))
  time.runFor(35)
  expect(beats).toBe(3)
  tasks.close()
  tasks.run(Effect.sync(() => beats++))
  time.runFor(1_000)
  expect(beats).toBe(3)
  expect(defects).toEqual([])
  expect(time.step(100_000)).toBe(false)
})

test('a defect is told to the owner, an interruption is not', () => {
  const { tasks, defects, time } = world()
  tasks.run(Effect.die(new Error('bug')))
  tasks.run(Effect.interrupt)
  time.settle()
  expect(defects).toMatchObject([{ message: 'bug' }])
})
