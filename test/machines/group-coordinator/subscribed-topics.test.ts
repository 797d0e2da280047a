import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  sameSubscription,
  subscribedTopics,
} from '../../../src/machines/group-coordinator/subscribed-topics.js'

const subscription = (version: number, topics: readonly string[], rest = ''): string => {
  const parts = [Buffer.alloc(6)]
  parts[0]!.writeInt16BE(version, 0)
  parts[0]!.writeInt32BE(topics.length, 2)
  for (const topic of topics) {
    const length = Buffer.alloc(2)
    length.writeInt16BE(Buffer.byteLength(topic))
    parts.push(length, Buffer.from(topic))
  }
  return Buffer.concat([...parts, Buffer.from(rest)]).toString('base64')
}

describe('subscribedTopics', () => {
  test('reads every version, whatever follows', () => {
    for (const version of [0, 1, 2, 3, 9]) {
      expect(subscribedTopics(subscription(version, ['b', 'a'], 'user data'))).toEqual(['a', 'b'])
    }
    expect(subscribedTopics(subscription(0, []))).toEqual([])
  })

  test('is null for bytes that are none, and never throws', () => {
    expect(subscribedTopics('')).toBeNull()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const topics = subscribedTopics(Buffer.from(bytes).toString('base64'))
        expect(topics === null || topics.length <= 32).toBe(true)
      }),
    )
    const huge = Buffer.alloc(6)
    huge.writeInt32BE(2_147_483_647, 2)
    expect(subscribedTopics(huge.toString('base64'))).toBeNull()
  })
})

test('a consumer asks for the same when its topics are the same; others when their bytes are', () => {
  const before = subscription(1, ['a', 'b'], 'owned: 1, 2')
  expect(sameSubscription('consumer', before, subscription(3, ['b', 'a']))).toBe(true)
  expect(sameSubscription('consumer', before, subscription(1, ['a']))).toBe(false)
  expect(sameSubscription('consumer', before, subscription(1, ['a', 'c']))).toBe(false)
  expect(sameSubscription('consumer', 'AAAA', 'AAAB')).toBe(false)
  expect(sameSubscription('connect', before, subscription(3, ['b', 'a']))).toBe(false)
  expect(sameSubscription('connect', before, before)).toBe(true)
})
