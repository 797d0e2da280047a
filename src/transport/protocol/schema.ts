import { ZERO_UUID } from './wire-fault.js'

/** A tagged field that this side does not know (KIP-482), kept as it came. */
export interface UnknownTag {
  readonly tag: number
  readonly data: Buffer
}

export interface FieldOptions<T> {
  /** The first version that has the field. Default 0. */
  readonly since?: number
  /** The last version that has the field. Default: all. */
  readonly until?: number
  /** May be null in every version that has it. */
  readonly nullable?: true
  /** May be null from this version on. */
  readonly nullableSince?: number
  /** Where null is not allowed yet, null is written as this instead of refused. */
  readonly nullAs?: T
  /** What stands for an absent field. Without it: Kafka's zero value of the type. */
  readonly default?: T | null
  /** Its number in the tagged section (KIP-482). */
  readonly tag?: number
  /** The first version in which it is tagged. Default: `since`. */
  readonly taggedSince?: number
  /** A value other than the default may be dropped in a version that lacks the field. */
  readonly ignorable?: true
}

export type PrimitiveKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'offset'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'

export type WireType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'array'; readonly element: WireType }
  | { readonly kind: 'struct'; readonly fields: Fields }

declare const decoded: unique symbol
declare const input: unique symbol

/** A field: what is on the wire, in which versions, and (in types only) what it is here. */
export interface Field<D, I = D, Optional extends boolean = boolean> {
  readonly type: WireType
  readonly options: FieldOptions<unknown>
  readonly optional: Optional
  readonly [decoded]?: D
  readonly [input]?: I
}

export type AnyField = Field<unknown, unknown>
export type Fields = Readonly<Record<string, AnyField>>

type FieldDecoded<F> = F extends Field<infer D, infer _I, infer _O> ? D : never
type FieldInput<F> = F extends Field<infer _D, infer I, infer _O> ? I : never
type Simplify<T> = { [K in keyof T]: T[K] } & {}
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly optional: true } ? K : never
}[keyof F]
type Unknown = { readonly unknownTags?: readonly UnknownTag[] }

type StructDecoded<F extends Fields> = Simplify<
  { readonly [K in keyof F]: FieldDecoded<F[K]> } & Unknown
>
type StructInput<F extends Fields> = Simplify<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: FieldInput<F[K]> } & {
    readonly [K in OptionalKeys<F>]?: FieldInput<F[K]>
  } & Unknown
>

/** A struct whose fields are known: a message, or one element of an array. */
export interface Struct<F extends Fields, Optional extends boolean = boolean>
  extends Field<StructDecoded<F>, StructInput<F>, Optional> {
  readonly type: { readonly kind: 'struct'; readonly fields: F }
}

/** What decoding gives: every field is present. */
export type Decoded<S> = FieldDecoded<S>
/** What encoding takes: a field that has a default, or not all versions, may be left out. */
export type Input<S> = FieldInput<S>

type OrNull<O> = O extends { nullable: true } | { nullableSince: number } ? null : never
type IsOptional<O> = O extends
  | { default: unknown }
  | { since: number }
  | { until: number }
  | { tag: number }
  ? true
  : false

const field = <D, I, O>(
  type: WireType,
  options: O,
): Field<D | OrNull<O>, I | OrNull<O>, IsOptional<O>> => {
  const given = options as FieldOptions<unknown>
  const optional = [given.default, given.since, given.until, given.tag].some((o) => o !== undefined)
  return { type, options: given, optional: optional as IsOptional<O> }
}

type Primitive<T> = <const O extends FieldOptions<T> = Record<never, never>>(
  options?: O,
) => Field<T | OrNull<O>, T | OrNull<O>, IsOptional<O>>

const primitive =
  <T>(kind: PrimitiveKind): Primitive<T> =>
  <const O extends FieldOptions<T>>(options?: O) =>
    field<T, T, O>({ kind }, options ?? ({} as O))

export const bool = primitive<boolean>('bool')
export const int8 = primitive<number>('int8')
export const int16 = primitive<number>('int16')
export const int32 = primitive<number>('int32')
/** Lossless, for what is an id and not a position. */
export const int64 = primitive<bigint>('int64')
/** An int64 for offsets, times and the like; beyond 2^53 it throws NUMBER_OUT_OF_RANGE. */
export const offset = primitive<number>('offset')
export const float64 = primitive<number>('float64')
/** Kafka's base64url form, 22 characters. */
export const uuid = primitive<string>('uuid')
export const string = primitive<string>('string')
/** Decoded without a copy: a view into the message. */
export const bytes = primitive<Buffer>('bytes')

type RecordsOptions = Omit<FieldOptions<Buffer>, 'nullable' | 'nullableSince'>

/** Record batches as one piece, null for none. Decoded without a copy: a view into the message. */
export const records = <const O extends RecordsOptions = Record<never, never>>(options?: O) =>
  field<Buffer | null, Buffer | null, O>({ kind: 'records' }, { nullable: true, ...(options as O) })

export const array = <
  E extends AnyField,
  const O extends FieldOptions<never[]> = Record<never, never>,
>(
  element: E,
  options?: O,
) =>
  field<readonly FieldDecoded<E>[], readonly FieldInput<E>[], O>(
    { kind: 'array', element: element.type },
    options ?? ({} as O),
  )

type StructOptions = Omit<FieldOptions<never>, 'nullable' | 'nullableSince' | 'nullAs' | 'default'>

export const struct = <F extends Fields, const O extends StructOptions = Record<never, never>>(
  fields: F,
  options?: O,
): Struct<F, IsOptional<O>> => {
  const base = field<StructDecoded<F>, StructInput<F>, O>(
    { kind: 'struct', fields },
    options ?? ({} as O),
  )
  return { ...base, type: { kind: 'struct', fields } } as Struct<F, IsOptional<O>>
}

const EMPTY = Buffer.alloc(0)

const zeros: Readonly<Record<PrimitiveKind, unknown>> = {
  bool: false,
  int8: 0,
  int16: 0,
  int32: 0,
  int64: 0n,
  offset: 0,
  float64: 0,
  uuid: ZERO_UUID,
  string: '',
  bytes: EMPTY,
  records: null,
}

/** Makes an absent field's value: arrays and structs are new each time. */
export const defaultOf = ({ type, options }: AnyField): (() => unknown) => {
  if (options.default !== undefined && options.default !== null && type.kind !== 'array') {
    return () => options.default
  }
  if (options.default === null) return () => null
  if (type.kind === 'array') return () => []
  if (type.kind !== 'struct') return () => zeros[type.kind]
  const makers = Object.entries(type.fields).map(([name, f]) => [name, defaultOf(f)] as const)
  return () => Object.fromEntries(makers.map(([name, make]) => [name, make()]))
}

/** Whether a value may be left out: the other side assumes it (as in Kafka's generated code). */
export const isDefault = (f: AnyField): ((value: unknown) => boolean) => {
  const { type } = f
  if (type.kind === 'struct') {
    const checks = Object.entries(type.fields).map(
      ([name, inner]) => [name, isDefault(inner)] as const,
    )
    return (value) => {
      const fields = value as Readonly<Record<string, unknown>>
      if (fields.unknownTags !== undefined) return false
      return checks.every(([name, check]) => fields[name] === undefined || check(fields[name]))
    }
  }
  const assumed = defaultOf(f)()
  if (assumed !== null && (type.kind === 'array' || type.kind === 'bytes')) {
    return (value) => value !== null && (value as { readonly length: number }).length === 0
  }
  return (value) => value === assumed
}
