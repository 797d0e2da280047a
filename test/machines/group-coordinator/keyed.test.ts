import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  get,
  has,
  type Keyed,
  keyedBy,
  keysOf,
  noKeys,
  put,
  remove,
  valuesOf,
} from '../../../src/machines/group-coordinator/keyed.js'

const keys = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '0', 'a', 'b'),
  fc.string(),
)

test('behaves as a Map, leaves what it was made from alone, and survives JSON', () => {
  const operations = fc.array(fc.tuple(keys, fc.option(fc.nat())), { maxLength: 60 })
  fc.assert(
    fc.property(operations, (steps) => {
      const model = new Map<string, number>()
      let keyed: Keyed<number> = noKeys()
      for (const [key, value] of steps) {
        const before = JSON.stringify(keyed)
        const next = value === null ? remove(keyed, key) : put(keyed, key, value)
        expect(JSON.stringify(keyed)).toBe(before)
        if (value === null) model.delete(key)
        else model.set(key, value)
        keyed = next
        expect(keyed.size).toBe(model.size)
        expect([get(keyed, key), has(keyed, key)]).toEqual([model.get(key), model.has(key)])
      }
      for (const key of [...model.keys(), 'never there']) {
        expect([get(keyed, key), has(keyed, key)]).toEqual([model.get(key), model.has(key)])
      }
      expect(keysOf(keyed).sort()).toEqual([...model.keys()].sort())
      expect(valuesOf(keyed).sort()).toEqual([...model.values()].sort())
      expect(keyedBy(model)).toEqual(keyed)
      expect(JSON.parse(JSON.stringify(keyed))).toEqual(keyed)
    }),
  )
})

test('the empty one stays empty', () => {
  put(noKeys<number>(), '__proto__', 1)
  expect(get(noKeys(), '__proto__')).toBeUndefined()
  expect(noKeys()).toEqual({ size: 0, buckets: {} })
})
