/**
 * The "consumer" protocol that members of a group speak to each other inside JoinGroup and
 * SyncGroup, opaque to the coordinator. Sources: Kafka's ConsumerProtocolSubscription.json and
 * ConsumerProtocolAssignment.json, versions 0-3 (1: KIP-429, 2: KIP-792, 3: KIP-881), and the
 * sticky assignors' userData. Nothing here uses the flexible encoding.
 */
import { StreamBusError } from '../../domain/errors.js'
import type { TopicPartition } from '../../domain/topic-partition.js'
import { comparePartitions } from '../../domain/topic-partition.js'

const HIGHEST_VERSION = 3
const NO_GENERATION = -1

/** What a member tells the group leader. */
export interface Subscription {
  readonly version: number
  /** Sorted in UTF-16 order, each once. */
  readonly topics: readonly string[]
  /** The assignor's own bytes. */
  readonly userData: Buffer | null
  /** What the member still owns (from version 1), sorted, each once. */
  readonly owned: readonly TopicPartition[]
  /** The generation of `owned` (from version 2), -1 when there is none. */
  readonly generation: number
  /** From version 3; an empty rack on the wire is none. */
  readonly rackId: string | null
}

/** What the group leader tells a member. */
export interface ConsumerAssignment {
  readonly version: number
  /** Sorted, each once. */
  readonly partitions: readonly TopicPartition[]
  readonly userData: Buffer | null
}

/** What a sticky assignor's userData says its member was last assigned. */
export interface StickyUserData {
  readonly owned: readonly TopicPartition[]
  /** -1 when the bytes hold none (version 0). */
  readonly generation: number
}

/**
 * @param version 0-3; fields that it does not have are left out
 * @throws StreamBusError INVALID_ARGUMENT for another version or a name above 32,767 bytes
 */
export const encodeSubscription = (
  subscription: Omit<Subscription, 'version'>,
  version = HIGHEST_VERSION,
): Buffer => {
  const writer = new Writer('subscription')
  writer.version(version)
  writer.array(sortedUnique(subscription.topics, compareNames), (topic) => writer.string(topic))
  writer.bytes(subscription.userData)
  if (version >= 1) writer.partitions(subscription.owned)
  if (version >= 2) writer.int32(subscription.generation)
  if (version >= 3) writer.nullableString(subscription.rackId)
  return writer.result()
}

/**
 * A version above 3 is read as 3 and bytes behind the known fields are passed over, as in Java's
 * ConsumerProtocol. Clients exist that announce version 1 or more and end after userData: these
 * are read as version 0.
 *
 * @throws StreamBusError MALFORMED_MESSAGE
 */
export const decodeSubscription = (bytes: Buffer): Subscription => {
  const reader = new Reader('subscription', bytes)
  const announced = reader.version()
  const topics = sortedUnique(
    reader.array(2, () => reader.string()),
    compareNames,
  )
  const userData = reader.bytes()
  const version = reader.atEnd ? 0 : announced
  const owned = version >= 1 ? reader.partitions() : []
  const generation = version >= 2 ? reader.int32() : NO_GENERATION
  const rackId = (version >= 3 ? reader.nullableString() : null) || null
  return { version, topics, userData, owned, generation, rackId }
}

/**
 * All versions have the same bytes after the version itself. Version 0 is the default because
 * every client reads it (librdkafka and kafkajs write it too, and look at no other field of it).
 *
 * @param version 0-3
 * @throws StreamBusError INVALID_ARGUMENT for another version or a name above 32,767 bytes
 */
export const encodeAssignment = (
  partitions: readonly TopicPartition[],
  userData: Buffer | null = null,
  version = 0,
): Buffer => {
  const writer = new Writer('assignment')
  writer.version(version)
  writer.partitions(partitions)
  writer.bytes(userData)
  return writer.result()
}

/**
 * No bytes at all mean no partitions: a coordinator answers so for a member that the leader left
 * out (kafkajs leaves out members that get nothing).
 *
 * @throws StreamBusError MALFORMED_MESSAGE
 */
export const decodeAssignment = (bytes: Buffer): ConsumerAssignment => {
  if (bytes.length === 0) return { version: 0, partitions: [], userData: null }
  const reader = new Reader('assignment', bytes)
  return { version: reader.version(), partitions: reader.partitions(), userData: reader.bytes() }
}

/** Java's StickyAssignor userData, version 1: the partitions, then their generation. */
export const encodeStickyUserData = (
  owned: readonly TopicPartition[],
  generation: number,
): Buffer => {
  const writer = new Writer('sticky userData')
  writer.partitions(owned)
  writer.int32(generation)
  return writer.result()
}

/**
 * The bytes carry no version: version 1 is tried, then 0 (without generation).
 *
 * @returns null for bytes that are neither, which an assignor treats as no claim at all
 */
export const decodeStickyUserData = (bytes: Buffer): StickyUserData | null => {
  try {
    const reader = new Reader('sticky userData', bytes)
    const owned = reader.partitions()
    return { owned, generation: reader.left >= 4 ? reader.int32() : NO_GENERATION }
  } catch {
    return null
  }
}

const compareNames = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const sortedUnique = <A>(values: readonly A[], compare: (a: A, b: A) => number): A[] =>
  [...values].sort(compare).filter((value, i, all) => i === 0 || compare(all[i - 1]!, value) !== 0)

class Writer {
  readonly #what: string
  #buffer = Buffer.allocUnsafe(256)
  #length = 0

  constructor(what: string) {
    this.#what = what
  }

  /** May replace the buffer, so callers take the place first and the buffer after. */
  #reserve(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2))
      this.#buffer.copy(grown, 0, 0, at)
      this.#buffer = grown
    }
    return at
  }

  #refuse(problem: string): StreamBusError {
    return new StreamBusError('INVALID_ARGUMENT', `consumer protocol ${this.#what}: ${problem}`)
  }

  version(version: number): void {
    if (!Number.isInteger(version) || version < 0 || version > HIGHEST_VERSION) {
      throw this.#refuse(`version ${version} cannot be written; use 0 to ${HIGHEST_VERSION}`)
    }
    this.int16(version)
  }

  int16(value: number): void {
    const at = this.#reserve(2)
    this.#buffer.writeInt16BE(value, at)
  }

  int32(value: number): void {
    const at = this.#reserve(4)
    this.#buffer.writeInt32BE(value, at)
  }

  string(value: string): void {
    const size = Buffer.byteLength(value)
    if (size > 32_767) throw this.#refuse(`a name of ${size} bytes; at most 32767 fit`)
    this.int16(size)
    const at = this.#reserve(size)
    this.#buffer.write(value, at)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  bytes(value: Buffer | null): void {
    this.int32(value === null ? -1 : value.length)
    if (value === null) return
    const at = this.#reserve(value.length)
    value.copy(this.#buffer, at)
  }

  array<A>(values: readonly A[], write: (value: A) => void): void {
    this.int32(values.length)
    for (const value of values) write(value)
  }

  partitions(partitions: readonly TopicPartition[]): void {
    const byTopic = new Map<string, number[]>()
    for (const { topic, partition } of sortedUnique(partitions, comparePartitions)) {
      const of = byTopic.get(topic)
      if (of === undefined) byTopic.set(topic, [partition])
      else of.push(partition)
    }
    this.array([...byTopic], ([topic, of]) => {
      this.string(topic)
      this.array(of, (partition) => this.int32(partition))
    })
  }

  result(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
}

/** Checks every length against what is left before it allocates anything. */
class Reader {
  readonly #what: string
  readonly #buffer: Buffer
  #at = 0

  constructor(what: string, buffer: Buffer) {
    this.#what = what
    this.#buffer = buffer
  }

  get left(): number {
    return this.#buffer.length - this.#at
  }

  get atEnd(): boolean {
    return this.left === 0
  }

  #malformed(problem: string): StreamBusError {
    const where = `consumer protocol ${this.#what}, byte ${this.#at} of ${this.#buffer.length}`
    return new StreamBusError(
      'MALFORMED_MESSAGE',
      `${where}: ${problem}; check the client of the member that sent it`,
    )
  }

  #take(size: number): number {
    if (size > this.left) throw this.#malformed(`${size} bytes expected, ${this.left} left`)
    const at = this.#at
    this.#at += size
    return at
  }

  version(): number {
    const version = this.int16()
    if (version < 0) throw this.#malformed(`version ${version}`)
    return Math.min(version, HIGHEST_VERSION)
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  nullableString(): string | null {
    const size = this.int16()
    if (size < -1) throw this.#malformed(`a string of ${size} bytes`)
    if (size === -1) return null
    const at = this.#take(size)
    return this.#buffer.toString('utf8', at, at + size)
  }

  string(): string {
    const value = this.nullableString()
    if (value === null) throw this.#malformed('a topic name is missing')
    return value
  }

  /** A copy: what a member says may be kept far longer than the response that brought it. */
  bytes(): Buffer | null {
    const size = this.int32()
    if (size < -1) throw this.#malformed(`${size} bytes of userData`)
    if (size === -1) return null
    const at = this.#take(size)
    return Buffer.from(this.#buffer.subarray(at, at + size))
  }

  array<A>(leastSize: number, read: () => A): A[] {
    const count = this.int32()
    if (count < 0 || count * leastSize > this.left) {
      throw this.#malformed(`an array of ${count} entries in ${this.left} bytes`)
    }
    return Array.from({ length: count }, read)
  }

  partitions(): TopicPartition[] {
    const found: TopicPartition[] = []
    this.array(6, () => {
      const topic = this.string()
      this.array(4, () => {
        const partition = this.int32()
        if (partition < 0) throw this.#malformed(`partition ${partition} of topic '${topic}'`)
        found.push({ topic, partition })
      })
    })
    return sortedUnique(found, comparePartitions)
  }
}
