import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import {
  errorCode,
  isRetriable,
  kafkaErrorName,
  kafkaErrors,
} from '../../../src/transport/protocol/kafka-errors.js'

const load = createRequire(import.meta.url)
const { errorCodes: kafkajsErrors } = load('kafkajs/src/protocol/error.js') as {
  readonly errorCodes: readonly {
    readonly type: string
    readonly code: number
    readonly retriable: boolean
  }[]
}

describe('error codes', () => {
  it('are those of Kafka 4.1: -1 to 133 without a gap', () => {
    const codes = Object.values(kafkaErrors)
    expect(codes).toEqual(Array.from({ length: 135 }, (_, i) => i - 1))
  })

  it.each([
    ['NONE', 0, false],
    ['OFFSET_OUT_OF_RANGE', 1, false],
    ['NOT_COORDINATOR', 16, true],
    ['ILLEGAL_GENERATION', 22, false],
    ['UNKNOWN_MEMBER_ID', 25, false],
    ['REBALANCE_IN_PROGRESS', 27, false],
    ['UNSUPPORTED_VERSION', 35, false],
    ['MEMBER_ID_REQUIRED', 79, false],
    ['FENCED_INSTANCE_ID', 82, false],
    ['UNKNOWN_TOPIC_ID', 100, true],
    ['FENCED_MEMBER_EPOCH', 110, false],
  ] as const)('%s is %i', (name, code, retriable) => {
    expect(errorCode(name)).toBe(code)
    expect(kafkaErrorName(code)).toBe(name)
    expect(isRetriable(code)).toBe(retriable)
  })

  it('agree with kafkajs on what both know', () => {
    // kafkajs kept an older name, and left some out.
    const renamed: Readonly<Record<string, string>> = {
      UNKNOWN: 'UNKNOWN_SERVER_ERROR',
      NOT_LEADER_FOR_PARTITION: 'NOT_LEADER_OR_FOLLOWER',
      GROUP_LOAD_IN_PROGRESS: 'COORDINATOR_LOAD_IN_PROGRESS',
      GROUP_COORDINATOR_NOT_AVAILABLE: 'COORDINATOR_NOT_AVAILABLE',
      NOT_COORDINATOR_FOR_GROUP: 'NOT_COORDINATOR',
    }
    expect(kafkajsErrors.length).toBeGreaterThan(80)
    for (const { type, code } of kafkajsErrors) {
      expect([code, kafkaErrorName(code)]).toEqual([code, renamed[type] ?? type])
    }
  })

  it('are named even when unknown, and never throw', () => {
    expect(kafkaErrorName(134)).toBe('UNKNOWN_ERROR_CODE_134')
    expect(kafkaErrorName(-2)).toBe('UNKNOWN_ERROR_CODE_-2')
    expect(isRetriable(134)).toBe(false)
  })
})
