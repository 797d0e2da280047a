import type { Fields, Struct } from './schema.js'
import { compileCompletion, compileStruct, type StructCodec } from './struct-codec.js'

export type AnyMessage = Struct<Fields>

/** One API of the protocol: its key, its versions, its two messages. */
export interface Api<
  Request extends AnyMessage = AnyMessage,
  Response extends AnyMessage = AnyMessage,
> {
  readonly key: number
  /** The versions that can be read and written. */
  readonly min: number
  readonly max: number
  /** What ApiVersions says; lower than `min` where older clients need to see it. */
  readonly advertisedMin: number
  /** The first version with compact lengths and tagged fields (KIP-482); null for none. */
  readonly flexibleFrom: number | null
  readonly request: Request
  readonly response: Response
}

interface ApiSettings<Request extends AnyMessage, Response extends AnyMessage>
  extends Omit<Api<Request, Response>, 'advertisedMin'> {
  readonly advertisedMin?: number
}

export const api = <Request extends AnyMessage, Response extends AnyMessage>(
  settings: ApiSettings<Request, Response>,
): Api<Request, Response> => ({ advertisedMin: settings.min, ...settings })

export const isFlexible = ({ flexibleFrom }: Api, version: number): boolean =>
  flexibleFrom !== null && version >= flexibleFrom

const compiled = new WeakMap<AnyMessage, Map<number, StructCodec<AnyMessage>>>()

/** The codec of one of an API's messages in one version, made at its first use. */
export const codecOf = (
  owner: Api,
  message: AnyMessage,
  version: number,
): StructCodec<AnyMessage> => {
  const versions = compiled.get(message) ?? new Map<number, StructCodec<AnyMessage>>()
  compiled.set(message, versions)
  const known = versions.get(version)
  if (known !== undefined) return known
  const codec = compileStruct(message, { version, flexible: isFlexible(owner, version) })
  versions.set(version, codec)
  return codec
}

const completions = new WeakMap<AnyMessage, (value: unknown) => unknown>()

export const completionOf = (message: AnyMessage): ((value: unknown) => unknown) => {
  const known = completions.get(message)
  if (known !== undefined) return known
  const complete = compileCompletion(message) as (value: unknown) => unknown
  completions.set(message, complete)
  return complete
}
