import { type Codec, type FieldCodec, primitiveCodec } from './primitive-codec.js'
import {
  type AnyField,
  type Decoded,
  defaultOf,
  type Fields,
  type Input,
  isDefault,
  type Struct,
  type UnknownTag,
} from './schema.js'
import { WireFault } from './wire-fault.js'
import type { WireReader } from './wire-reader.js'
import type { WireWriter } from './wire-writer.js'

type Values = Record<string, unknown>

/** A struct in one version, ready to run. */
export interface StructCodec<S> {
  readonly read: (reader: WireReader) => Decoded<S>
  readonly write: (writer: WireWriter, value: Input<S>) => void
}

/** The version of a message, and whether it has compact lengths and tagged sections (KIP-482). */
export interface Shape {
  readonly version: number
  readonly flexible: boolean
}

interface Present extends Codec {
  readonly name: string
  readonly missing: () => unknown
}

interface Tagged extends Present {
  readonly tag: number
  readonly omit: (value: unknown) => boolean
}

interface Absent {
  readonly name: string
  readonly missing: () => unknown
  /** Undefined for an ignorable field. */
  readonly omit: ((value: unknown) => boolean) | undefined
}

const at = (error: unknown, step: string): unknown => {
  if (error instanceof WireFault) error.path.unshift(step)
  return error
}

const isNullable = ({ type, options }: AnyField, version: number): boolean =>
  options.nullable === true ||
  type.kind === 'records' ||
  (options.nullableSince !== undefined && version >= options.nullableSince)

/** Null where it is not allowed: refused when read, refused or replaced when written. */
const notNull = (codec: FieldCodec, field: AnyField, { version }: Shape): FieldCodec => {
  const { nullAs, nullableSince } = field.options
  const refusal = (): WireFault =>
    nullableSince === undefined
      ? new WireFault('INVALID_ARGUMENT', 'cannot be null')
      : new WireFault('UNSUPPORTED_VERSION', `cannot be null in version ${version}`)
  return {
    minSize: codec.minSize,
    read: (reader) => {
      const value = codec.read(reader)
      if (value === null) throw new WireFault('MALFORMED_MESSAGE', `null in version ${version}`)
      return value
    },
    write: (writer, value) => {
      if (value !== null) codec.write(writer, value)
      else if (nullAs !== undefined) codec.write(writer, nullAs)
      else throw refusal()
    },
  }
}

const arrayCodec = (element: Codec, { flexible }: Shape): FieldCodec => {
  const { minSize } = element
  const read = (reader: WireReader): unknown => {
    const count = flexible ? reader.compactCount(minSize) : reader.count(minSize)
    if (count === -1) return null
    const values: unknown[] = []
    let i = 0
    try {
      for (; i < count; i++) values.push(element.read(reader))
    } catch (error) {
      throw at(error, `[${i}]`)
    }
    return values
  }
  const write = (writer: WireWriter, value: unknown): void => {
    if (value !== null && !Array.isArray(value)) {
      throw new WireFault('INVALID_ARGUMENT', value === undefined ? 'is missing' : 'is no array')
    }
    const count = value === null ? -1 : value.length
    if (flexible) writer.compactCount(count)
    else writer.count(count)
    let i = 0
    try {
      for (; i < count; i++) element.write(writer, value![i])
    } catch (error) {
      throw at(error, `[${i}]`)
    }
  }
  return { minSize: flexible ? 1 : 4, read, write }
}

const fieldCodec = (field: AnyField, shape: Shape): Codec => {
  const { type } = field
  if (type.kind === 'struct') return structCodec(type.fields, shape)
  if (type.kind === 'array') {
    const element = fieldCodec({ type: type.element, options: {}, optional: false }, shape)
    const codec = arrayCodec(element, shape)
    return isNullable(field, shape.version) ? codec : notNull(codec, field, shape)
  }
  const codec = primitiveCodec(type.kind, shape.flexible)
  if (!codec.canBeNull || isNullable(field, shape.version)) return codec
  return notNull(codec, field, shape)
}

const plan = (fields: Fields, shape: Shape) => {
  const present: Present[] = []
  const tagged: Tagged[] = []
  const absent: Absent[] = []
  for (const [name, field] of Object.entries(fields)) {
    const { since = 0, until = Number.POSITIVE_INFINITY, tag, taggedSince = since } = field.options
    const missing = field.optional ? defaultOf(field) : () => undefined
    if (shape.version < since || shape.version > until) {
      absent.push({ name, missing, omit: field.options.ignorable ? undefined : isDefault(field) })
    } else {
      const codec = fieldCodec(field, shape)
      if (tag === undefined || shape.version < taggedSince)
        present.push({ name, missing, ...codec })
      else tagged.push({ name, missing, ...codec, tag, omit: isDefault(field) })
    }
  }
  tagged.sort((a, b) => a.tag - b.tag)
  return { present, tagged, absent }
}

const tagReader = (tagged: readonly Tagged[]) => {
  const byTag = new Map(tagged.map((field) => [field.tag, field]))
  return (reader: WireReader, into: Values): void => {
    let unknown: UnknownTag[] | undefined
    reader.tags((tag, size) => {
      const field = byTag.get(tag)
      if (field === undefined) {
        unknown ??= []
        unknown.push({ tag, data: reader.raw(size) })
        return
      }
      try {
        into[field.name] = field.read(reader)
      } catch (error) {
        throw at(error, field.name)
      }
    })
    if (unknown !== undefined) into.unknownTags = unknown
  }
}

type TagToWrite = readonly [tag: number, write: (writer: WireWriter) => void]

const tagWriter = (tagged: readonly Tagged[]) => {
  const known = new Set(tagged.map(({ tag }) => tag))
  return (writer: WireWriter, from: Values): void => {
    const section: TagToWrite[] = []
    for (const { tag, name, omit, write } of tagged) {
      const value = from[name]
      if (value === undefined || omit(value)) continue
      section.push([
        tag,
        (w) => {
          try {
            write(w, value)
          } catch (error) {
            throw at(error, name)
          }
        },
      ])
    }
    for (const { tag, data } of (from.unknownTags as readonly UnknownTag[] | undefined) ?? []) {
      if (known.has(tag)) {
        throw new WireFault('INVALID_ARGUMENT', `unknownTags has the known tag ${tag}`)
      }
      section.push([tag, (w) => w.raw(data)])
    }
    section.sort(([a], [b]) => a - b)
    writer.uvarint(section.length)
    let last = -1
    for (const [tag, write] of section) {
      if (tag === last) throw new WireFault('INVALID_ARGUMENT', `tag ${tag} is there twice`)
      last = tag
      writer.uvarint(tag)
      writer.sized(() => write(writer))
    }
  }
}

const checkAbsent = (absent: readonly Absent[], value: Values, { version }: Shape): void => {
  for (const { name, omit } of absent) {
    const given = value[name]
    if (omit === undefined || given === undefined || omit(given)) continue
    throw at(new WireFault('UNSUPPORTED_VERSION', `is not in version ${version}`), name)
  }
}

const structCodec = (fields: Fields, shape: Shape): Codec => {
  const { present, tagged, absent } = plan(fields, shape)
  const readTags = tagReader(tagged)
  const writeTags = tagWriter(tagged)
  const named = [...present, ...tagged, ...absent]
  const order = Object.keys(fields)
  const rest = [...tagged, ...absent]
  const sameOrder = order.every((name, i) => name === named[i]?.name)
  const blank = Object.fromEntries(order.map((name) => [name, undefined]))
  const strict = absent.filter(({ omit }) => omit !== undefined)

  const read = (reader: WireReader): Values => {
    // Fields come out in the schema's order in every version, so all results have one shape.
    const value: Values = sameOrder ? {} : { ...blank }
    let i = 0
    try {
      for (; i < present.length; i++) {
        const { name, read } = present[i]!
        value[name] = read(reader)
      }
    } catch (error) {
      throw at(error, present[i]!.name)
    }
    for (const { name, missing } of rest) value[name] = missing()
    if (shape.flexible) readTags(reader, value)
    return value
  }

  const write = (writer: WireWriter, given: unknown): void => {
    if (typeof given !== 'object' || given === null) {
      throw new WireFault('INVALID_ARGUMENT', given === undefined ? 'is missing' : 'is no object')
    }
    const value = given as Values
    let i = 0
    try {
      for (; i < present.length; i++) {
        const { name, write, missing } = present[i]!
        const own = value[name]
        write(writer, own === undefined ? missing() : own)
      }
    } catch (error) {
      throw at(error, present[i]!.name)
    }
    if (strict.length > 0) checkAbsent(strict, value, shape)
    if (shape.flexible) writeTags(writer, value)
    else if (value.unknownTags !== undefined) {
      throw new WireFault('UNSUPPORTED_VERSION', `version ${shape.version} has no tagged fields`)
    }
  }

  const minSize = present.reduce((sum, codec) => sum + codec.minSize, shape.flexible ? 1 : 0)
  return { minSize, read, write }
}

/** Compiles a struct for one version. Do it once: no field looks at its versions afterwards. */
export const compileStruct = <S extends Struct<Fields>>(schema: S, shape: Shape): StructCodec<S> =>
  structCodec(schema.type.fields, shape) as StructCodec<S>

type Completer = (value: unknown) => unknown

const completer = ({ type }: { readonly type: AnyField['type'] }): Completer | undefined => {
  if (type.kind === 'array') {
    const complete = completer({ type: type.element })
    return complete && ((value) => (value === null ? null : (value as unknown[]).map(complete)))
  }
  if (type.kind !== 'struct') return undefined
  const parts = Object.entries(type.fields).map(([name, field]) => ({
    name,
    missing: field.optional ? defaultOf(field) : () => undefined,
    complete: completer(field),
  }))
  // Copied with its shape, which is quicker than to add field by field.
  const blank: Values = Object.fromEntries(parts.map(({ name }) => [name, undefined]))
  return (given) => {
    const from = given as Values
    const value = { ...blank }
    for (const { name, missing, complete } of parts) {
      const own = from[name]
      value[name] = own === undefined ? missing() : complete === undefined ? own : complete(own)
    }
    if (from.unknownTags !== undefined) value.unknownTags = from.unknownTags
    return value
  }
}

/** What decoding an encoded input gives (in a version with all its fields), without the bytes. */
export const compileCompletion = <S extends Struct<Fields>>(
  schema: S,
): ((value: Input<S>) => Decoded<S>) => completer(schema) as (value: Input<S>) => Decoded<S>
