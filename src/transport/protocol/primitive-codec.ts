import type { PrimitiveKind } from './schema.js'
import type { WireReader } from './wire-reader.js'
import type { WireWriter } from './wire-writer.js'

/** One field in one version. Values are checked at run time, so they are `unknown` here. */
export interface FieldCodec {
  /** The fewest bytes that a value takes: what an array's count is held against. */
  readonly minSize: number
  readonly read: (reader: WireReader) => unknown
  readonly write: (writer: WireWriter, value: unknown) => void
}

export interface Codec extends FieldCodec {
  /** True when the wire form has a null. */
  readonly canBeNull?: boolean
}

const codec = <T>(
  minSize: number,
  read: (reader: WireReader) => T,
  write: (writer: WireWriter, value: T) => void,
  canBeNull = false,
): Codec => ({
  minSize,
  read,
  write: write as (writer: WireWriter, value: unknown) => void,
  canBeNull,
})

const text: Readonly<Record<'plain' | 'compact', Codec>> = {
  plain: codec<string | null>(
    2,
    (r) => r.string(),
    (w, v) => w.string(v),
    true,
  ),
  compact: codec<string | null>(
    1,
    (r) => r.compactString(),
    (w, v) => w.compactString(v),
    true,
  ),
}

const binary: Readonly<Record<'plain' | 'compact', Codec>> = {
  plain: codec<Buffer | null>(
    4,
    (r) => r.byteString(),
    (w, v) => w.byteString(v),
    true,
  ),
  compact: codec<Buffer | null>(
    1,
    (r) => r.compactBytes(),
    (w, v) => w.compactBytes(v),
    true,
  ),
}

const fixed: Readonly<Record<Exclude<PrimitiveKind, 'string' | 'bytes' | 'records'>, Codec>> = {
  bool: codec<boolean>(
    1,
    (r) => r.bool(),
    (w, v) => w.bool(v),
  ),
  int8: codec<number>(
    1,
    (r) => r.int8(),
    (w, v) => w.int8(v),
  ),
  int16: codec<number>(
    2,
    (r) => r.int16(),
    (w, v) => w.int16(v),
  ),
  int32: codec<number>(
    4,
    (r) => r.int32(),
    (w, v) => w.int32(v),
  ),
  int64: codec<bigint>(
    8,
    (r) => r.int64(),
    (w, v) => w.int64(v),
  ),
  offset: codec<number>(
    8,
    (r) => r.offset(),
    (w, v) => w.offset(v),
  ),
  float64: codec<number>(
    8,
    (r) => r.float64(),
    (w, v) => w.float64(v),
  ),
  uuid: codec<string>(
    16,
    (r) => r.uuid(),
    (w, v) => w.uuid(v),
  ),
}

export const primitiveCodec = (kind: PrimitiveKind, flexible: boolean): Codec => {
  if (kind === 'string') return flexible ? text.compact : text.plain
  if (kind === 'bytes' || kind === 'records') return flexible ? binary.compact : binary.plain
  return fixed[kind]
}
