import fc from 'fast-check'
import type { AnyMessage } from '../../../src/transport/protocol/api.js'
import { type ApiName, apiNames, apis } from '../../../src/transport/protocol/registry.js'
import type { AnyField, Fields, WireType } from '../../../src/transport/protocol/schema.js'

export type Direction = 'request' | 'response'

/** Every (API, version) that the codec has. */
export const everyVersion: readonly (readonly [api: ApiName, version: number])[] = apiNames.flatMap(
  (name) => {
    const { min, max } = apis[name]
    return Array.from({ length: max - min + 1 }, (_, i) => [name, min + i] as const)
  },
)

interface Shape {
  readonly version: number
  readonly flexible: boolean
}

const bytes = (max: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array))

const largeBytes = fc.integer({ min: 1000, max: 3000 }).map((size) => Buffer.alloc(size, size))

const integer = (bits: number): fc.Arbitrary<number> =>
  fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })

const primitives = {
  bool: fc.boolean(),
  int8: integer(8),
  int16: integer(16),
  int32: integer(32),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  offset: fc.maxSafeInteger(),
  float64: fc.double(),
  uuid: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((array) => Buffer.from(array).toString('base64url')),
  string: fc.oneof(
    { arbitrary: fc.string({ unit: 'binary', maxLength: 12 }), weight: 20 },
    { arbitrary: fc.string({ unit: 'grapheme', minLength: 60, maxLength: 200 }), weight: 1 },
  ),
  bytes: fc.oneof({ arbitrary: bytes(20), weight: 9 }, { arbitrary: largeBytes, weight: 1 }),
  records: fc.option(
    fc.oneof({ arbitrary: bytes(20), weight: 9 }, { arbitrary: largeBytes, weight: 1 }),
  ),
} as const

const typeArbitrary = (type: WireType, shape: Shape): fc.Arbitrary<unknown> => {
  if (type.kind === 'struct') return structArbitrary(type.fields, shape)
  if (type.kind !== 'array') return primitives[type.kind]
  return fc.array(typeArbitrary(type.element, shape), { maxLength: 3 })
}

const isThere = ({ options }: AnyField, { version }: Shape): boolean =>
  version >= (options.since ?? 0) && version <= (options.until ?? version)

const fieldArbitrary = (field: AnyField, shape: Shape): fc.Arbitrary<unknown> => {
  const { nullable, nullableSince } = field.options
  const value = typeArbitrary(field.type, shape)
  const canBeNull = nullable ?? (nullableSince !== undefined && shape.version >= nullableSince)
  return canBeNull ? fc.option(value) : value
}

/** Tags that the version does not know, also numbers that another version knows. */
const unknownTags = (fields: Fields, shape: Shape): fc.Arbitrary<unknown> => {
  const known = new Set(
    Object.values(fields)
      .filter((field) => isThere(field, shape))
      .map(({ options }) => options.tag),
  )
  const tag = fc.oneof(fc.nat(9), fc.integer({ min: 10, max: 2 ** 31 - 2 }))
  return fc
    .uniqueArray(fc.record({ tag, data: primitives.bytes }, { noNullPrototype: true }), {
      selector: (unknown) => unknown.tag,
      maxLength: 2,
    })
    .map((tags) => tags.filter((unknown) => !known.has(unknown.tag)))
    .map((tags) => tags.sort((a, b) => a.tag - b.tag))
    .map((tags) => (tags.length === 0 ? undefined : tags))
}

const structArbitrary = (fields: Fields, shape: Shape): fc.Arbitrary<Record<string, unknown>> => {
  const there = Object.entries(fields).filter(([, field]) => isThere(field, shape))
  const model = Object.fromEntries(
    there.map(([name, field]) => [name, fieldArbitrary(field, shape)] as const),
  )
  const requiredKeys = there.filter(([, field]) => !field.optional).map(([name]) => name)
  const known = fc.record(model, { requiredKeys, noNullPrototype: true })
  if (!shape.flexible) return known
  return fc
    .tuple(known, fc.option(unknownTags(fields, shape), { nil: undefined, freq: 2 }))
    .map(([value, tags]) => (tags === undefined ? value : { ...value, unknownTags: tags }))
}

/** Inputs of one message: optional fields are there or not, unknown tags where there can be any. */
export const messageArbitrary = (
  api: ApiName,
  version: number,
  direction: Direction,
): fc.Arbitrary<Record<string, unknown>> => {
  const { flexibleFrom } = apis[api]
  const message: AnyMessage = apis[api][direction]
  const flexible = flexibleFrom !== null && version >= flexibleFrom
  return structArbitrary(message.type.fields, { version, flexible })
}
