import { describe, expect, test } from 'vitest'
import { emptyView, mergeMetadata } from '../../../src/transport/cluster/cluster-view.js'
import { completeResponse, type ResponseInput } from '../../../src/transport/protocol/registry.js'
import type { ClusterView } from '../../../src/transport/transport.js'
import { topicIdOf } from '../fixtures/scripted-cluster.js'

type Topic = ResponseInput<'Metadata'>['topics'][number]
type Partition = Topic['partitions'][number]

const partition = (index: number, leaderId = 1, leaderEpoch = 0): Partition => ({
  errorCode: 0,
  partitionIndex: index,
  leaderId,
  leaderEpoch,
  replicaNodes: [1],
  isrNodes: [1],
})
const topic = (name: string, partitions: readonly Partition[], id = name): Topic => ({
  errorCode: 0,
  name,
  topicId: topicIdOf(id),
  partitions: [...partitions],
})
const response = (topics: readonly Topic[], input: Partial<ResponseInput<'Metadata'>> = {}) =>
  completeResponse('Metadata', {
    brokers: [{ nodeId: 1, host: 'kafka-1', port: 9092 }],
    clusterId: 'c',
    controllerId: 1,
    topics: [...topics],
    ...input,
  })
const merge = (
  view: ClusterView,
  asked: readonly string[] | 'all',
  body: ReturnType<typeof response>,
  kept: readonly string[] = [],
): ClusterView => mergeMetadata(view, asked === 'all' ? 'all' : new Set(asked), new Set(kept), body)

describe('merging metadata', () => {
  test('orders partitions, and marks those without a leader', () => {
    const view = merge(
      emptyView,
      ['a'],
      response([topic('a', [partition(2), partition(0, -1), partition(1, -7)])]),
    )
    expect(view.topics.get('a')!.partitions.map((each) => [each.partition, each.leader])).toEqual([
      [0, -1],
      [1, -1],
      [2, 1],
    ])
    expect(view.revision).toBe(1)
  })

  test('the same answer changes nothing, not even the object', () => {
    const body = response([topic('a', [partition(0)])])
    const view = merge(emptyView, ['a'], body)
    expect(merge(view, ['a'], body)).toBe(view)
  })

  test('each kind of change counts as one', () => {
    const view = merge(emptyView, ['a'], response([topic('a', [partition(0)])]))
    const changes = [
      response([topic('a', [partition(0, 2)])]),
      response([topic('a', [partition(0), partition(1)])]),
      response([topic('a', [partition(0)], 'other id')]),
      response([topic('a', [partition(0, 1, 4)])]),
      response([topic('a', [partition(0)])], { controllerId: 2 }),
      response([topic('a', [partition(0)])], { clusterId: 'd' }),
      response([topic('a', [partition(0)])], {
        brokers: [{ nodeId: 1, host: 'kafka-1', port: 9093 }],
      }),
    ]
    for (const body of changes) expect(merge(view, ['a'], body).revision).toBe(2)
  })

  test('topics that were not asked for stay as they are', () => {
    const first = merge(emptyView, ['a'], response([topic('a', [partition(0)])]))
    const view = merge(first, ['b'], response([topic('b', []), topic('smuggled', [])]))
    expect([...view.topics.keys()]).toEqual(['a', 'b'])
  })

  test('a topic that vanished gets its error; one that the answer omits is unknown', () => {
    const first = merge(emptyView, ['a'], response([topic('a', [partition(0)])]))
    const gone = merge(first, ['a'], response([{ errorCode: 3, name: 'a', partitions: [] }]))
    expect(gone.topics.get('a')).toMatchObject({ errorCode: 3, partitions: [] })
    expect(merge(first, ['a'], response([])).topics.get('a')).toMatchObject({ errorCode: 3 })
  })

  test('all topics: those that are gone are dropped, unless asked for by name', () => {
    const first = merge(emptyView, 'all', response([topic('a', []), topic('b', [])]))
    const view = merge(first, 'all', response([topic('c', [])]), ['b'])
    expect([...view.topics].map(([name, { errorCode }]) => [name, errorCode])).toEqual([
      ['b', 3],
      ['c', 0],
    ])
  })

  test('an older leader epoch of the same topic is no news; a recreated topic is', () => {
    const first = merge(emptyView, ['a'], response([topic('a', [partition(0, 2, 7)])]))
    expect(merge(first, ['a'], response([topic('a', [partition(0, 1, 6)])]))).toBe(first)
    const recreated = merge(first, ['a'], response([topic('a', [partition(0, 1, 0)], 'new')]))
    expect(recreated.topics.get('a')!.partitions[0]).toMatchObject({ leader: 1, leaderEpoch: 0 })
    const withoutEpochs = merge(first, ['a'], response([topic('a', [partition(0, 3, -1)])]))
    expect(withoutEpochs.topics.get('a')!.partitions[0]!.leader).toBe(3)
  })

  test('a broker that names nobody does not erase those we know', () => {
    const first = merge(emptyView, [], response([]))
    expect(merge(first, [], response([], { brokers: [] })).nodes.size).toBe(1)
  })

  test('what cannot be true is refused by name', () => {
    const bad: readonly (readonly [ReturnType<typeof response>, RegExp])[] = [
      [response([topic('a', [partition(1), partition(1)])]), /partition 1 of topic a twice/],
      [response([topic('a', [partition(-1)])]), /partition -1 of topic a/],
      [response([], { brokers: [{ nodeId: -1, host: 'x', port: 1 }] }), /broker -1/],
      [response([], { brokers: [{ nodeId: 1, host: '', port: 1 }] }), /broker 1 at ""/],
      [response([], { brokers: [{ nodeId: 1, host: 'x', port: 65_536 }] }), /"x":65536/],
      [
        response([], {
          brokers: [
            { nodeId: 1, host: 'x', port: 1 },
            { nodeId: 1, host: 'y', port: 1 },
          ],
        }),
        /broker 1 twice/,
      ],
    ]
    for (const [body, why] of bad) {
      expect(() => merge(emptyView, ['a'], body)).toThrow(why)
      expect(() => merge(emptyView, ['a'], body)).toThrow(
        expect.objectContaining({ code: 'MALFORMED_MESSAGE' }),
      )
    }
  })
})
