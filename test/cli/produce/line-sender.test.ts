import { describe, expect, it } from 'vitest'
import { LineSender } from '../../../src/cli/produce/line-sender.js'
import { StreamBusError } from '../../../src/domain/errors.js'
import type { ProducerRecord } from '../../../src/domain/record.js'

interface Sent {
  readonly record: ProducerRecord
  readonly acknowledge: () => void
  readonly refuse: (error: unknown) => void
}

class ScriptedProducer {
  readonly sent: Sent[] = []

  send(_topic: string, record: unknown): Promise<never> {
    return new Promise((resolve, reject) => {
      const acknowledge = (): void => resolve(undefined as never)
      this.sent.push({ record: record as ProducerRecord, acknowledge, refuse: reject })
    })
  }
}

const texts = ({ key, value }: ProducerRecord) => [key?.toString() ?? null, value?.toString()]

const tooLarge = new StreamBusError('RECORD_TOO_LARGE', 'it is too large', { topic: 'events' })

describe('line sender', () => {
  it('splits at the first delimiter, and sends a line without one whole', () => {
    const producer = new ScriptedProducer()
    const delimiter = Buffer.from('::')
    const sender = new LineSender({ producer, topic: 'events', delimiter, partition: 2 })
    for (const line of ['a::b::c', 'none', '::empty key', 'empty value::', '']) {
      sender.send(Buffer.from(line))
    }
    expect(producer.sent.map(({ record }) => texts(record))).toEqual([
      ['a', 'b::c'],
      [null, 'none'],
      ['', 'empty key'],
      ['empty value', ''],
      [null, ''],
    ])
    expect(producer.sent.every(({ record }) => record.partition === 2)).toBe(true)
  })

  it('accounts for each line and names the first one that failed', async () => {
    const producer = new ScriptedProducer()
    let failures = 0
    const onFailure = (): void => {
      failures += 1
    }
    const sender = new LineSender({ producer, topic: 'events', onFailure })
    for (const line of ['1', '2', '3', '4']) sender.send(Buffer.from(line))
    const settled = sender.settled()
    producer.sent[3]!.refuse(new StreamBusError('BROKER_ERROR', 'later'))
    producer.sent[1]!.refuse(tooLarge)
    producer.sent[0]!.acknowledge()
    producer.sent[2]!.acknowledge()
    await settled
    expect(failures).toBe(1)
    expect(sender).toMatchObject({ lines: 4, acknowledged: 2, failed: 2, hasFailed: true })
    expect(sender.failure()).toMatchObject({
      code: 'RECORD_TOO_LARGE',
      message: 'line 2: it is too large (2 lines acknowledged, 2 failed, no line after 4 sent)',
      address: { topic: 'events' },
    })
  })

  it('has no room while too much is open, and none is needed after a failure', async () => {
    const producer = new ScriptedProducer()
    const sender = new LineSender({ producer, topic: 'events' })
    const megabyte = Buffer.alloc(1024 * 1024)
    for (let sent = 0; sent < 16; sent += 1) sender.send(megabyte)
    let hasRoom = false
    const room = sender.room().then(() => {
      hasRoom = true
    })
    await Promise.resolve()
    expect(hasRoom).toBe(false)
    producer.sent[0]!.acknowledge()
    await room
    sender.send(megabyte)
    const again = sender.room()
    producer.sent[1]!.refuse(tooLarge)
    await again
    expect(sender.hasFailed).toBe(true)
  })
})
