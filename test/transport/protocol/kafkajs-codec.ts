import { createRequire } from 'node:module'

/**
 * The inner codec of kafkajs 2.2.4, written by other people from the protocol's documents: a
 * stranger to compare bytes with. It has no types, and no flexible versions.
 */
const load = createRequire(import.meta.url)

interface Encoder {
  readonly buffer: Buffer
}

interface EncodableRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly encode: () => Promise<Encoder>
}

interface ResponseDecoder {
  readonly decode: (body: Buffer) => Promise<Readonly<Record<string, unknown>>>
}

const frameRequest: (given: {
  readonly correlationId: number
  readonly clientId: string | null
  readonly request: EncodableRequest
}) => Promise<Encoder> = load('kafkajs/src/protocol/request.js')

/** A whole request with its size in front, as kafkajs sends it. `folder`: its name for the API. */
export const kafkajsRequest = async (
  folder: string,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  given: unknown,
): Promise<Buffer> => {
  const make: (given: unknown) => EncodableRequest = load(
    `kafkajs/src/protocol/requests/${folder}/v${version}/request.js`,
  )
  return (await frameRequest({ ...header, request: make(given) })).buffer
}

/** A response's body (without size and header) as kafkajs reads it. */
export const kafkajsResponse = (
  folder: string,
  version: number,
  body: Buffer,
): Promise<Readonly<Record<string, unknown>>> => {
  const { decode }: ResponseDecoder = load(
    `kafkajs/src/protocol/requests/${folder}/v${version}/response.js`,
  )
  return decode(body)
}
