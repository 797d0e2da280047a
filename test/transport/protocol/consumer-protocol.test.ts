import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isStreamBusError } from '../../../src/domain/errors.js'
import type { TopicPartition } from '../../../src/domain/topic-partition.js'
import { comparePartitions, keyOf } from '../../../src/domain/topic-partition.js'
import {
  decodeAssignment,
  decodeStickyUserData,
  decodeSubscription,
  encodeAssignment,
  encodeStickyUserData,
  encodeSubscription,
} from '../../../src/transport/protocol/consumer-protocol.js'

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex')
const owned = ['t1-0', 't1-3', 't2-1'].map((key) => ({
  topic: key.slice(0, 2),
  partition: Number(key.slice(3)),
}))
const full = {
  topics: ['t1', 't2'],
  userData: hex('010203'),
  owned,
  generation: 5,
  rackId: 'rack-a',
}
const bare = { topics: ['t'], userData: null, owned: [], generation: -1, rackId: null }

// Written by Java's ConsumerProtocol of kafka-clients 4.1.1 from the same values.
const head = '00000002000274310002743200000003010203'
const ownedHex = '00000002000274310000000200000000000000030002743200000001' + '00000001'
const javaFull = [
  hex('0000', head),
  hex('0001', head, ownedHex),
  hex('0002', head, ownedHex, '00000005'),
  hex('0003', head, ownedHex, '00000005', '00067261636b2d61'),
]
const javaBare = [
  hex('0000', '00000001000174ffffffff'),
  hex('0001', '00000001000174ffffffff', '00000000'),
  hex('0002', '00000001000174ffffffff', '00000000', 'ffffffff'),
  hex('0003', '00000001000174ffffffff', '00000000', 'ffffffff', 'ffff'),
]

describe.each([0, 1, 2, 3])('subscription version %i', (version) => {
  const known = {
    version,
    topics: full.topics,
    userData: full.userData,
    owned: version >= 1 ? owned : [],
    generation: version >= 2 ? 5 : -1,
    rackId: version >= 3 ? 'rack-a' : null,
  }

  it("is Java's, byte for byte", () => {
    expect(encodeSubscription(full, version)).toEqual(javaFull[version])
    expect(encodeSubscription(bare, version)).toEqual(javaBare[version])
  })

  it('is read back, without what the version has not', () => {
    expect(decodeSubscription(javaFull[version]!)).toEqual(known)
    expect(decodeSubscription(javaBare[version]!)).toEqual({ ...bare, version })
  })
})

describe('subscription', () => {
  it('sorts topics and partitions and drops repetitions, in UTF-16 order', () => {
    const messy = {
      ...bare,
      topics: ['b', 'a', 'b', 'B', 'é'],
      owned: [...owned].reverse().concat(owned),
    }
    const read = decodeSubscription(encodeSubscription(messy))
    expect(read.topics).toEqual(['B', 'a', 'b', 'é'])
    expect(read.owned).toEqual(owned)
  })

  it('reads a version above 3 as 3, and nothing behind the known fields', () => {
    expect(decodeSubscription(Buffer.concat([javaFull[3]!, hex('0102')]))).toEqual({
      ...full,
      version: 3,
    })
    const later = Buffer.from(javaFull[3]!)
    later.writeInt16BE(7, 0)
    expect(decodeSubscription(Buffer.concat([later, hex('cafe')]))).toEqual({ ...full, version: 3 })
  })

  it.each(['0001', '0002', '0003'])(
    'reads a version %s that ends after userData as 0',
    (version) => {
      expect(decodeSubscription(hex(version, head))).toMatchObject({
        version: 0,
        topics: ['t1', 't2'],
        owned: [],
        generation: -1,
      })
    },
  )

  it('reads what librdkafka writes: version 3, empty userData; an empty rack is none', () => {
    const bytes = hex('0003', '00000001000174', '00000000', '00000000', '00000007', '0000')
    expect(decodeSubscription(bytes)).toEqual({
      version: 3,
      topics: ['t'],
      userData: Buffer.alloc(0),
      owned: [],
      generation: 7,
      rackId: null,
    })
  })

  it('does not keep the response alive, nor change with it', () => {
    const bytes = Buffer.from(javaFull[3]!)
    const { userData } = decodeSubscription(bytes)
    bytes.fill(0)
    expect(userData).toEqual(full.userData)
  })

  it('comes back whole at any size', () => {
    for (let size = 1; size < 600; size++) {
      const large = { ...full, topics: ['x'.repeat(size)], userData: Buffer.alloc(size, 7) }
      expect(decodeSubscription(encodeSubscription(large))).toEqual({ ...large, version: 3 })
    }
  })

  it('refuses to write what does not fit', () => {
    for (const wrong of [-1, 4, 1.5]) {
      expect(() => encodeSubscription(bare, wrong)).toThrow(/version/)
    }
    const long = { ...bare, topics: ['x'.repeat(32_768)] }
    expect(() => encodeSubscription(long)).toThrow(/at most 32767/)
  })
})

describe('assignment', () => {
  // Java 4.1.1 again; it does not sort, so its order is given here as it came.
  const java = '000000020002743200000001000000010002743100000002000000030000000000000001' + '09'

  it('reads every version alike', () => {
    for (const version of [0, 1, 2, 3]) {
      const bytes = hex(`000${version}`, java)
      expect(decodeAssignment(bytes)).toEqual({ version, partitions: owned, userData: hex('09') })
    }
    expect(decodeAssignment(hex('0009', java, 'ff')).version).toBe(3)
  })

  it('is written as version 0, sorted', () => {
    expect(encodeAssignment([...owned].reverse())).toEqual(hex('0000', ownedHex, 'ffffffff'))
    expect(encodeAssignment([])).toEqual(hex('0000', '00000000', 'ffffffff'))
    expect(encodeAssignment(owned, hex('09'), 3)).toEqual(hex('0003', ownedHex, '0000000109'))
  })

  it('no bytes are no partitions', () => {
    expect(decodeAssignment(Buffer.alloc(0))).toEqual({
      version: 0,
      partitions: [],
      userData: null,
    })
  })
})

describe('sticky userData', () => {
  it("is Java's", () => {
    expect(encodeStickyUserData(owned, 7)).toEqual(hex(ownedHex, '00000007'))
    expect(decodeStickyUserData(hex(ownedHex, '00000007'))).toEqual({ owned, generation: 7 })
  })

  it('reads version 0 as without generation, and anything else as nothing', () => {
    expect(decodeStickyUserData(hex(ownedHex))).toEqual({ owned, generation: -1 })
    for (const bad of ['', '00', '00000001', '7fffffff00', 'ffffffff00000001']) {
      expect(decodeStickyUserData(hex(bad))).toBeNull()
    }
  })
})

const name = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' })
const partition = fc.nat({ max: 2 ** 31 - 1 })
const partitions = fc
  .uniqueArray(fc.record({ topic: name, partition }), { selector: keyOf, maxLength: 12 })
  .map((list): TopicPartition[] => list.sort(comparePartitions))
const userData = fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)))

describe('any values and any bytes', () => {
  it('come back from the wire', () => {
    const subscription = fc.record({
      topics: fc.uniqueArray(name).map((topics) => topics.sort()),
      userData,
      owned: partitions,
      generation: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
      rackId: fc.option(name),
    })
    fc.assert(
      fc.property(subscription, (given) => {
        expect(decodeSubscription(encodeSubscription(given))).toEqual({ ...given, version: 3 })
        const assignment = encodeAssignment(given.owned, given.userData)
        expect(decodeAssignment(assignment)).toEqual({
          version: 0,
          partitions: given.owned,
          userData: given.userData,
        })
        const { owned: had, generation } = given
        const sticky = decodeStickyUserData(encodeStickyUserData(had, generation))
        expect(sticky).toEqual({ owned: had, generation })
      }),
      { numRuns: 200 },
    )
  })

  const readOrRefused = (bytes: Buffer): void => {
    for (const decode of [decodeSubscription, decodeAssignment]) {
      try {
        decode(bytes)
      } catch (error) {
        if (!isStreamBusError(error) || error.code !== 'MALFORMED_MESSAGE') throw error
        expect(error.message).not.toContain('\n')
      }
    }
    decodeStickyUserData(bytes)
  }

  it('are read or refused, never worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => readOrRefused(Buffer.from(bytes))),
      { numRuns: 1000 },
    )
    const valid = fc.constantFrom(...javaFull, ...javaBare, encodeAssignment(owned, hex('0102')))
    fc.assert(
      fc.property(valid, fc.nat(), fc.nat({ max: 255 }), (bytes, at, value) => {
        const changed = Buffer.from(bytes)
        changed[at % changed.length] = value
        readOrRefused(changed)
      }),
      { numRuns: 1000 },
    )
  })

  it('cut short anywhere are refused', () => {
    for (const [version, bytes] of javaFull.entries()) {
      for (let size = 0; size < bytes.length; size++) {
        // Ending right after userData is the one shortness that is allowed.
        if (version > 0 && size === javaFull[0]!.length) continue
        expect(() => decodeSubscription(bytes.subarray(0, size))).toThrow(/bytes/)
      }
    }
    const assignment = encodeAssignment(owned, hex('09'))
    for (let size = 1; size < assignment.length; size++) {
      expect(() => decodeAssignment(assignment.subarray(0, size))).toThrow(/bytes/)
    }
  })

  it.each([
    ['a huge count', '00007fffffff', /array of 2147483647 entries/],
    ['a negative count', '0000ffffffff', /array of -1 entries/],
    ['a negative version', 'ffff00000000', /version -1/],
    ['a null topic', '000000000001ffff00000000', /topic name is missing/],
    ['a topic of negative size', '000000000001fffe00000000', /string of -2 bytes/],
    ['userData of negative size', '000000000000fffffffe', /-2 bytes of userData/],
    [
      'a negative partition',
      `000100000000ffffffff${'00000001000174'}00000001ffffffff`,
      /partition -1 of/,
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSubscription(hex(bytes))).toThrow(message)
  })
})

interface KafkajsAssigner {
  assign(group: {
    members: readonly { memberId: string; memberMetadata: Buffer }[]
    topics: readonly string[]
  }): Promise<readonly { memberId: string; memberAssignment: Buffer }[]>
  protocol(group: { topics: readonly string[] }): { name: string; metadata: Buffer }
}

interface KafkajsProtocol {
  MemberMetadata: { decode(bytes: Buffer): { topics: string[]; userData: Buffer | null } }
  MemberAssignment: {
    decode(bytes: Buffer): { assignment: Record<string, number[]>; userData: Buffer | null } | null
  }
}

describe('kafkajs', () => {
  const require = createRequire(import.meta.url)
  const protocol: KafkajsProtocol = require('kafkajs/src/consumer/assignerProtocol.js')
  const roundRobin: (
    given: unknown,
  ) => KafkajsAssigner = require('kafkajs/src/consumer/assigners/roundRobinAssigner/index.js')
  const assigner = roundRobin({
    cluster: {
      findTopicPartitionMetadata: () => [0, 1, 2].map((partitionId) => ({ partitionId })),
    },
  })

  it('reads our assignments, with and without userData', () => {
    const expected = { t1: [0, 3], t2: [1] }
    for (const data of [null, hex('0102')]) {
      const read = protocol.MemberAssignment.decode(encodeAssignment(owned, data))
      expect({ ...read?.assignment }).toEqual(expected)
      expect(read?.userData).toEqual(data)
    }
    expect(protocol.MemberAssignment.decode(encodeAssignment([]))?.assignment).toEqual({})
  })

  it('reads our subscriptions of any version', () => {
    for (const version of [0, 1, 2, 3]) {
      const read = protocol.MemberMetadata.decode(encodeSubscription(full, version))
      expect(read.topics).toEqual(['t1', 't2'])
      expect(read.userData).toEqual(full.userData)
    }
  })

  it('is understood by us, as member and as leader', async () => {
    expect(decodeSubscription(assigner.protocol({ topics: ['b', 'a'] }).metadata)).toEqual({
      version: 0,
      topics: ['a', 'b'],
      userData: Buffer.alloc(0),
      owned: [],
      generation: -1,
      rackId: null,
    })
    const members = ['m1', 'm2', 'm3', 'm4'].map((memberId) => ({
      memberId,
      memberMetadata: encodeSubscription({ ...bare, topics: ['t'] }),
    }))
    const answers = await assigner.assign({ members, topics: ['t'] })
    expect(
      answers.map(({ memberAssignment }) => decodeAssignment(memberAssignment).partitions),
    ).toEqual([0, 1, 2].map((each) => [{ topic: 't', partition: each }]))
  })
})
