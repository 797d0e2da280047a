import * as Effect from 'effect/Effect'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Admin } from '../../src/admin/admin.js'
import { type EmbeddedBroker, startBroker } from '../../src/broker/index.js'
import { StreamBusError } from '../../src/domain/errors.js'
import { realRuntime } from '../../src/runtime/runtime.js'
import { connectTransport } from '../../src/transport/cluster/connect-transport.js'
import { errorCode, type KafkaErrorName } from '../../src/transport/protocol/kafka-errors.js'
import { type ApiName, completeResponse } from '../../src/transport/protocol/registry.js'
import type { TransportService } from '../../src/transport/transport.js'

const runtime = realRuntime()
let broker: EmbeddedBroker
let transport: TransportService

beforeEach(async () => {
  broker = await startBroker({ topics: { events: { partitions: 1 } } })
  transport = await runtime.promise(
    connectTransport({ runtime, brokers: broker, clientId: 'test' }),
  )
})

afterEach(async () => {
  await runtime.promise(transport.close)
  await broker.close()
})

type Answer = 'answerLost' | { readonly body: unknown }

/** Does to the next requests of one API what the list says, and serves the others. */
const adminWith = (api: ApiName, list: readonly Answer[], timeoutMs = 5_000) => {
  const left = [...list]
  const request: TransportService['request'] = (target, asked, input, options) => {
    const answer = asked === api ? left.shift() : undefined
    if (answer === undefined) return transport.request(target, asked, input, options)
    if (answer !== 'answerLost') return Effect.succeed(answer.body as never)
    const lost = new StreamBusError('CONNECTION_CLOSED', 'the connection broke', {
      retriable: true,
    })
    return Effect.andThen(transport.request(target, asked, input, options), Effect.fail(lost))
  }
  const seams = { ...transport, request }
  const admin = new Admin({ timeoutMs }, { runtime, transport: seams, id: 'admin' })
  return { admin, left }
}

const refusedCreation = (error: KafkaErrorName): Answer => ({
  body: completeResponse('CreateTopics', {
    topics: [{ name: 'new', errorCode: errorCode(error), errorMessage: null }],
  }),
})

const refusedDescription = (error: KafkaErrorName): Answer => ({
  body: completeResponse('DescribeGroups', {
    groups: [
      {
        groupId: 'g',
        errorCode: errorCode(error),
        groupState: '',
        protocolType: '',
        protocolData: '',
        members: [],
      },
    ],
  }),
})

describe('passing trouble', () => {
  it('waits for the controller to move', async () => {
    const { admin, left } = adminWith('CreateTopics', [refusedCreation('NOT_CONTROLLER')])
    await admin.createTopic('new')
    expect(left).toEqual([])
    expect((await admin.listTopics()).map(({ name }) => name)).toEqual(['events', 'new'])
  })

  it('takes a topic for its own that an attempt without an answer has made', async () => {
    const { admin } = adminWith('CreateTopics', ['answerLost'])
    await admin.createTopic('new')
    expect((await admin.listTopics()).map(({ name }) => name)).toEqual(['events', 'new'])
  })

  it('takes a topic for deleted that such an attempt has deleted', async () => {
    const { admin } = adminWith('DeleteTopics', ['answerLost'])
    await admin.deleteTopics(['events'])
    expect(await admin.listTopics()).toEqual([])
  })

  it.each(['NOT_COORDINATOR', 'COORDINATOR_LOAD_IN_PROGRESS'] as const)(
    'asks a coordinator again that answers %s',
    async (error) => {
      const { admin, left } = adminWith('DescribeGroups', [refusedDescription(error)])
      await admin.commitOffsets('g', [{ topic: 'events', partition: 0, offset: 0 }])
      expect((await admin.describeGroup('g')).state).toBe('Empty')
      expect(left).toEqual([])
    },
  )

  it('ends with the last error when the time is up', async () => {
    const refusals = Array.from({ length: 20 }, () => refusedCreation('NOT_CONTROLLER'))
    const { admin } = adminWith('CreateTopics', refusals, 250)
    await expect(admin.createTopic('new')).rejects.toMatchObject({ kafkaError: 'NOT_CONTROLLER' })
  })
})
