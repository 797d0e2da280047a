import { describe, expect, it } from 'vitest'
import {
  completeResponse,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../../src/transport/protocol/registry.js'
import * as s from '../../../src/transport/protocol/schema.js'
import { compileCompletion, compileStruct } from '../../../src/transport/protocol/struct-codec.js'
import { WireReader } from '../../../src/transport/protocol/wire-reader.js'
import { WireWriter } from '../../../src/transport/protocol/wire-writer.js'

const header = { correlationId: 1, clientId: 'c' }
const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm' }
const failing = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) })

describe('fields that a version lacks', () => {
  it('decode to their default', () => {
    const frame = encodeRequest('Heartbeat', 0, header, heartbeat)
    expect(decodeRequest(frame.subarray(4)).body).toEqual({ ...heartbeat, groupInstanceId: null })
  })

  it('are refused with another value, by name, unless they are ignorable', () => {
    expect(() =>
      encodeRequest('Heartbeat', 2, header, { ...heartbeat, groupInstanceId: 'i' }),
    ).toThrow(
      failing('UNSUPPORTED_VERSION', 'Heartbeat v2 request: groupInstanceId: is not in version 2'),
    )
    const plain = encodeRequest('Heartbeat', 2, header, heartbeat)
    const withDefault = { ...heartbeat, groupInstanceId: null }
    expect(encodeRequest('Heartbeat', 2, header, withDefault)).toEqual(plain)
    // throttleTimeMs is ignorable: quotas must not make an answer to an old client impossible.
    const throttled = encodeResponse('Heartbeat', 0, 1, { errorCode: 0, throttleTimeMs: 9 })
    expect(throttled.length).toBe(10)
  })

  it('are refused inside arrays too, and say where', () => {
    const members = [{ memberId: 'a' }, { memberId: 'b' }]
    const leave = { groupId: 'g', memberId: 'm', members }
    expect(() => encodeRequest('LeaveGroup', 3, header, leave)).toThrow(
      failing('UNSUPPORTED_VERSION', 'LeaveGroup v3 request: memberId: is not in version 3'),
    )
    expect(() => encodeRequest('LeaveGroup', 2, header, leave)).toThrow(
      failing('UNSUPPORTED_VERSION', 'LeaveGroup v2 request: members: is not in version 2'),
    )
    const endpoints = { errorCode: 0, clusterId: 'c', brokers: [] }
    const fenced = { brokerId: 1, host: 'h', port: 1, isFenced: true }
    expect(() =>
      encodeResponse('DescribeCluster', 1, 1, { ...endpoints, brokers: [fenced] }),
    ).toThrow(failing('UNSUPPORTED_VERSION', 'brokers[0].isFenced: is not in version 1'))
  })

  it('are compared with their default by value', () => {
    const answer = { groupId: 'g', topics: [], groups: [] }
    expect(() => encodeRequest('OffsetFetch', 7, header, answer)).not.toThrow()
    expect(() => encodeRequest('OffsetFetch', 8, header, { groupId: 'g' })).toThrow('groupId')
    expect(() => encodeRequest('OffsetFetch', 8, header, { topics: null })).toThrow('topics')
  })
})

describe('null', () => {
  it('is refused where it is not allowed, or not yet', () => {
    const nameless = { ...heartbeat, groupId: null as unknown as string }
    expect(() => encodeRequest('Heartbeat', 0, header, nameless)).toThrow(
      failing('INVALID_ARGUMENT', 'groupId: cannot be null'),
    )
    expect(() => encodeRequest('Metadata', 0, header, { topics: null })).toThrow(
      failing('UNSUPPORTED_VERSION', 'topics: cannot be null in version 0'),
    )
  })

  it('becomes the empty protocol name for JoinGroup before v7, as in Kafka', () => {
    const body = { errorCode: 25, protocolName: null, leader: '', memberId: 'm', members: [] }
    const nameAt = (version: number) => {
      const frame = encodeResponse('JoinGroup', version, 1, body).subarray(4)
      return decodeResponse('JoinGroup', version, frame).body.protocolName
    }
    expect([0, 6, 7, 9].map(nameAt)).toEqual(['', '', null, null])
  })
})

describe('missing and wrong values', () => {
  it('are named', () => {
    const { groupId: _left, ...incomplete } = heartbeat
    expect(() => encodeRequest('Heartbeat', 0, header, incomplete as typeof heartbeat)).toThrow(
      failing('INVALID_ARGUMENT', 'Heartbeat v0 request: groupId: is missing'),
    )
    const topics = [{ name: 'a', partitions: [{ partitionIndex: 2 ** 31, errorCode: 0 }] }]
    expect(() => encodeResponse('OffsetCommit', 8, 1, { topics })).toThrow(
      failing('NUMBER_OUT_OF_RANGE', 'topics[0].partitions[0].partitionIndex: 2147483648 is not'),
    )
    const noList = { topics: 'events' as unknown as [] }
    expect(() => encodeResponse('OffsetCommit', 8, 1, noList)).toThrow('topics: is no array')
    const noObject = { topics: ['events' as unknown as (typeof topics)[0]] }
    expect(() => encodeResponse('OffsetCommit', 8, 1, noObject)).toThrow('topics[0]: is no object')
  })
})

describe('tagged fields', () => {
  const fetch = { maxWaitMs: 1, minBytes: 1, topics: [] }

  it('are only sent when they differ from their default', () => {
    const plain = encodeRequest('Fetch', 15, header, fetch)
    const spelledOut = {
      ...fetch,
      clusterId: null,
      replicaState: { replicaId: -1, replicaEpoch: -1n },
    }
    expect(encodeRequest('Fetch', 15, header, spelledOut)).toEqual(plain)
    const replica = { ...fetch, replicaState: { replicaId: 3 } }
    const frame = encodeRequest('Fetch', 15, header, replica)
    expect(frame.length).toBe(plain.length + 2 + 13)
    expect(decodeRequest(frame.subarray(4)).body).toMatchObject({
      replicaState: { replicaId: 3, replicaEpoch: -1n },
    })
  })

  it('that are unknown are kept apart, and sent on in order', () => {
    const data = Buffer.from([1])
    // Tag 1 is replicaState from v15 on, and nothing in v14.
    const unknownTags = [
      { tag: 9, data },
      { tag: 1, data },
    ]
    const frame = encodeRequest('Fetch', 14, header, { ...fetch, clusterId: 'c', unknownTags })
    const { body } = decodeRequest(frame.subarray(4))
    expect(body).toMatchObject({
      clusterId: 'c',
      replicaState: { replicaId: -1, replicaEpoch: -1n },
      unknownTags: unknownTags.toReversed(),
    })
    // Three tags: number, size, data.
    expect(frame.toString('hex', frame.length - 11)).toBe('0300020263010101090101')
    const plain = decodeRequest(encodeRequest('Fetch', 14, header, fetch).subarray(4))
    expect(plain.body).not.toHaveProperty('unknownTags')
  })

  it('that are unknown cannot stand for known ones, come twice, or be in an old version', () => {
    const data = Buffer.alloc(0)
    const withTags = (version: number, ...tags: number[]) =>
      encodeRequest('Fetch', version, header, {
        ...fetch,
        unknownTags: tags.map((tag) => ({ tag, data })),
      })
    expect(() => withTags(12, 0)).toThrow(failing('INVALID_ARGUMENT', 'the known tag 0'))
    expect(() => withTags(12, 5, 5)).toThrow(failing('INVALID_ARGUMENT', 'tag 5 is there twice'))
    expect(() => withTags(11, 5)).toThrow(failing('UNSUPPORTED_VERSION', 'has no tagged fields'))
  })
})

describe('a schema', () => {
  const schema = s.struct({
    ratio: s.float64(),
    moved: s.string({ tag: 2, taggedSince: 2, default: 'x' }),
    late: s.array(s.string(), { nullable: true, default: null, since: 1 }),
    blob: s.bytes({ since: 1, nullable: true, default: null, tag: 0 }),
    inner: s.struct({ id: s.int64({ default: 5n }), ok: s.bool() }),
  })

  const roundTrip = (version: number, value: s.Input<typeof schema>) => {
    const codec = compileStruct(schema, { version, flexible: version >= 1 })
    const writer = new WireWriter()
    codec.write(writer, value)
    const bytes = writer.finish()
    return { bytes, value: codec.read(new WireReader(bytes)) }
  }

  it('can move a field into the tagged section', () => {
    const value = { ratio: 0.5, moved: 'y', inner: { ok: true } }
    const expected = { ratio: 0.5, moved: 'y', late: null, blob: null, inner: { id: 5n, ok: true } }
    const inner = '000000000000000501'
    const half = '3fe0000000000000'
    expect(roundTrip(0, value).bytes.toString('hex')).toBe(`${half}000179${inner}`)
    expect(roundTrip(1, value).bytes.toString('hex')).toBe(`${half}027900${inner}0000`)
    expect(roundTrip(2, value).bytes.toString('hex')).toBe(`${half}00${inner}000102020279`)
    for (const version of [0, 1, 2]) expect(roundTrip(version, value).value).toEqual(expected)
  })

  it('gives its fields in one order in every version, so that results have one shape', () => {
    const value = { ratio: 1, inner: { ok: false } }
    for (const version of [0, 1, 2]) {
      expect(Object.keys(roundTrip(version, value).value)).toEqual(Object.keys(schema.type.fields))
    }
  })

  it('completes an input without touching it', () => {
    const value = { ratio: 1, inner: { ok: false }, unknownTags: [] }
    const complete = compileCompletion(schema)(value)
    expect(complete).toEqual({
      ...value,
      moved: 'x',
      late: null,
      blob: null,
      inner: { id: 5n, ok: false },
    })
    expect(Object.keys(value.inner)).toEqual(['ok'])
  })

  it('makes new defaults each time', () => {
    const first = completeResponse('OffsetFetch', {})
    const second = completeResponse('OffsetFetch', {})
    expect(first).toEqual({ throttleTimeMs: 0, topics: [], errorCode: 0, groups: [] })
    expect(first.topics).not.toBe(second.topics)
  })
})
