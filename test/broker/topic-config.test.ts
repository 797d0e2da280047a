import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { brokerConfig } from '../../src/broker/config.js'
import {
  effectiveTopicConfigs,
  topicConfigProblem,
  topicNameProblem,
} from '../../src/broker/topic-config.js'

describe('topicNameProblem', () => {
  it.each(['a', 'A-b_c.9', '...', '.a', '-', 'x'.repeat(249)])('allows %s', (name) =>
    expect(topicNameProblem(name)).toBeUndefined(),
  )

  it.each(['', '.', '..', 'x'.repeat(250), 'a b', 'a/b', 'é', 'a\n', 'a:b'])('refuses %j', (name) =>
    expect(topicNameProblem(name)).toBeTypeOf('string'),
  )

  it('refuses any name with a character outside the list', () => {
    const outside = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 1 })
      .filter((character) => !/^[a-zA-Z0-9._-]$/.test(character))
    fc.assert(
      fc.property(fc.string(), outside, fc.string(), (before, character, after) => {
        expect(topicNameProblem(before + character + after)).toBeTypeOf('string')
      }),
    )
  })
})

describe('topicConfigProblem', () => {
  it('accepts every value that it lists as being in force', () => {
    const entries = effectiveTopicConfigs({}, brokerConfig({}, { listening: false }))
    for (const { name, value, isDefault } of entries) {
      expect(topicConfigProblem(name, value), name).toBeUndefined()
      expect(isDefault).toBe(true)
    }
  })

  it.each([
    ['no.such.config', '1', 'unknown topic config name: no.such.config'],
    ['toString', '1', 'unknown topic config name'],
    ['cleanup.policy', 'compact', 'does not compact'],
    ['retention.ms', '1000', 'keeps records until their topic is deleted'],
    ['max.message.bytes', '-1', 'integer from 0'],
    ['message.timestamp.type', 'logappendtime', 'CreateTime or LogAppendTime'],
    ['min.insync.replicas', '2', 'single node'],
    ['cleanup.policy', null, 'has no value'],
  ])('refuses %s=%s', (name, value, why) => {
    expect(topicConfigProblem(name, value)).toContain(why)
  })
})
