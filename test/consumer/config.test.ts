import { describe, expect, test } from 'vitest'
import { rangeAssignor } from '../../src/assignors/index.js'
import { type ConsumerOptions, resolveConsumerConfig } from '../../src/consumer/config.js'
import { StreamBusError } from '../../src/domain/errors.js'

const resolve = (options: object) => resolveConsumerConfig(options as ConsumerOptions, 'client')
const group = { groupId: 'group', topics: ['events'] }

const refusal = (options: object): StreamBusError => {
  try {
    resolve(options)
  } catch (error) {
    expect(error).toBeInstanceOf(StreamBusError)
    expect((error as StreamBusError).code).toBe('INVALID_CONFIG')
    return error as StreamBusError
  }
  throw new Error('it was taken')
}

describe('the consumer’s options', () => {
  test('the defaults are those of the documentation', () => {
    const { assignors, ...config } = resolve(group)
    expect(assignors.map(({ name }) => name)).toEqual(['range'])
    expect(config).toMatchObject({
      clientId: 'client',
      sessionTimeoutMs: 30_000,
      heartbeatIntervalMs: 3_000,
      rebalanceTimeoutMs: 60_000,
      drainTimeoutMs: 30_000,
      autoCommit: true,
      autoCommitIntervalMs: 5_000,
      offsetReset: 'earliest',
      isolationLevel: 'read_committed',
      maxPollIntervalMs: 300_000,
      maxBufferedBytes: 64 * 1024 * 1024,
      rebalanceProtocol: 'eager',
      groupInstanceId: null,
      rackId: null,
    })
  })

  test('drainTimeoutMs follows the rebalance timeout; topics are taken once each', () => {
    expect(resolve({ ...group, rebalanceTimeoutMs: 10_001 }).drainTimeoutMs).toBe(5_001)
    expect(resolve({ ...group, topics: ['a', 'b', 'a'] }).topics).toEqual(['a', 'b'])
  })

  test('strategies by name, by object, or in order of preference', () => {
    const cooperative = resolve({ ...group, assignmentStrategy: 'cooperative-sticky' })
    expect(cooperative.rebalanceProtocol).toBe('cooperative')
    const list = resolve({ ...group, assignmentStrategy: ['sticky', rangeAssignor] })
    expect(list.assignors.map(({ name }) => name)).toEqual(['sticky', 'range'])
  })

  const durations = [
    'sessionTimeoutMs',
    'heartbeatIntervalMs',
    'rebalanceTimeoutMs',
    'drainTimeoutMs',
    'maxPollIntervalMs',
    'autoCommitIntervalMs',
    'requestTimeoutMs',
    'metadataMaxAgeMs',
  ]
  for (const field of durations) {
    test(`${field}: whole milliseconds from 1 on`, () => {
      for (const value of [0, -1, 1.5, Number.NaN, 2 ** 31, '5', null]) {
        expect(refusal({ ...group, [field]: value }).message).toContain(`${field}: `)
      }
    })
  }

  test.each([
    ['groupId', ''],
    ['groupId', 7],
    ['topics', 'events'],
    ['topics', ['']],
    ['assign', [{ topic: 'events', partition: -1 }]],
    ['clientId', ''],
    ['groupInstanceId', ''],
    ['autoCommit', 'yes'],
    ['offsetReset', 'middle'],
    ['isolationLevel', 'serializable'],
    ['maxBufferedBytes', 0],
    ['maxPartitionFetchBytes', 0],
    ['fetchMinBytes', -1],
    ['fetchMaxWaitMs', -1],
    ['rackId', 5],
    ['assignmentStrategy', 'fair'],
    ['onPartitionsAssigned', 'log'],
    ['onPartitionsRevoked', {}],
    ['onPartitionsLost', 1],
    ['onStateChange', true],
    ['onError', []],
    ['inspect', 'yes'],
  ])('%s: %j is refused by name', (field, value) => {
    const error = refusal({ ...group, [field]: value })
    expect(error.message).toContain(field)
    expect(error.address.field).toMatch(new RegExp(`^${field}`))
    expect(error.message).not.toContain('\n')
  })

  test('all wrong fields are named at once, a misspelt one too', () => {
    const { message } = refusal({ ...group, sessionTimeoutMs: 0, autoCommit: 1, sesionTimeout: 5 })
    for (const field of ['sessionTimeoutMs', 'autoCommit', 'sesionTimeout']) {
      expect(message).toContain(field)
    }
  })

  test('what does not go together is said', () => {
    expect(refusal({ topics: ['events'] }).address.field).toBe('groupId')
    expect(refusal({ ...group, assign: [{ topic: 'a', partition: 0 }] }).address.field).toBe(
      'assign',
    )
    const slow = { ...group, sessionTimeoutMs: 3_000, heartbeatIntervalMs: 3_000 }
    expect(refusal(slow).address.field).toBe('heartbeatIntervalMs')
    const long = { ...group, rebalanceTimeoutMs: 10_000, drainTimeoutMs: 7_000 }
    expect(refusal(long).message).toContain('drainTimeoutMs: must be below')
    expect(resolve({ ...long, drainTimeoutMs: 6_999 }).drainTimeoutMs).toBe(6_999)
  })

  test('partitions by hand need no group, and may keep offsets under one', () => {
    const assign = [{ topic: 'events', partition: 0 }]
    expect(resolve({ assign }).groupId).toBeNull()
    expect(resolve({ assign, groupId: 'group' }).groupId).toBe('group')
  })
})
