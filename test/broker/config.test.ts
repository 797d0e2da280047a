import { describe, expect, it } from 'vitest'
import { type BrokerSettings, brokerConfig, parseAddress } from '../../src/broker/config.js'
import { isStreamBusError } from '../../src/domain/errors.js'

const problemsOf = (settings: object): string => {
  try {
    brokerConfig(settings as BrokerSettings, { listening: false })
  } catch (error) {
    if (isStreamBusError(error) && error.code === 'INVALID_CONFIG') return error.message
    throw error
  }
  return ''
}

describe('brokerConfig', () => {
  it('waits for more members only when strangers can come over TCP', () => {
    expect(brokerConfig({}, { listening: false }).groupInitialRebalanceDelayMs).toBe(0)
    expect(brokerConfig({}, { listening: true }).groupInitialRebalanceDelayMs).toBe(1_000)
    const config = brokerConfig({ groupInitialRebalanceDelayMs: 7 }, { listening: true })
    expect(config.groupInitialRebalanceDelayMs).toBe(7)
  })

  it('takes the default for undefined, and no other fields', () => {
    const config = brokerConfig({ nodeId: undefined, port: 1 } as BrokerSettings, {
      listening: true,
    })
    expect(config.nodeId).toBe(1)
    expect(config).not.toHaveProperty('port')
  })

  it('names every wrong field in one line', () => {
    const message = problemsOf({
      nodeId: -1,
      defaultPartitions: 1.5,
      maxRequestBytes: '5',
      autoCreateTopics: 'yes',
      advertise: 'nowhere',
      groupMinSessionTimeoutMs: 10,
      groupMaxSessionTimeoutMs: 5,
    })
    for (const field of ['nodeId', 'defaultPartitions', 'maxRequestBytes', 'autoCreateTopics']) {
      expect(message).toContain(field)
    }
    expect(message).toContain("advertise must be HOST:PORT, not 'nowhere'")
    expect(message).toContain('groupMinSessionTimeoutMs must not exceed groupMaxSessionTimeoutMs')
    expect(message).not.toContain('\n')
  })
})

describe('parseAddress', () => {
  it.each([
    ['localhost:9092', { host: 'localhost', port: 9092 }],
    ['[::1]:1', { host: '::1', port: 1 }],
    ['10.0.0.7:65535', { host: '10.0.0.7', port: 65_535 }],
  ])('reads %s', (text, address) => expect(parseAddress(text)).toEqual(address))

  it.each(['', 'host', 'host:', ':1', 'host:0', 'host:65536', '::1:9092', 'a b:1'])(
    'refuses %j',
    (text) => expect(parseAddress(text)).toBeUndefined(),
  )
})
