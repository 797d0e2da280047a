import { type AnyMessage, type Api, codecOf, completionOf, isFlexible } from './api.js'
import { ApiVersions } from './apis/api-versions.js'
import { CreateTopics } from './apis/create-topics.js'
import { DeleteGroups } from './apis/delete-groups.js'
import { DeleteTopics } from './apis/delete-topics.js'
import { DescribeCluster } from './apis/describe-cluster.js'
import { DescribeGroups } from './apis/describe-groups.js'
import { Fetch } from './apis/fetch.js'
import { FindCoordinator } from './apis/find-coordinator.js'
import { Heartbeat } from './apis/heartbeat.js'
import { InitProducerId } from './apis/init-producer-id.js'
import { JoinGroup } from './apis/join-group.js'
import { LeaveGroup } from './apis/leave-group.js'
import { ListGroups } from './apis/list-groups.js'
import { ListOffsets } from './apis/list-offsets.js'
import { Metadata } from './apis/metadata.js'
import { OffsetCommit } from './apis/offset-commit.js'
import { OffsetFetch } from './apis/offset-fetch.js'
import { OffsetForLeaderEpoch } from './apis/offset-for-leader-epoch.js'
import { Produce } from './apis/produce.js'
import { SyncGroup } from './apis/sync-group.js'
import { errorCode } from './kafka-errors.js'
import type { Decoded, Input } from './schema.js'
import { naming, WireFault } from './wire-fault.js'
import { WireReader } from './wire-reader.js'
import { WireWriter } from './wire-writer.js'

/** The APIs that StreamBus speaks, in the versions of Kafka 4.1. */
export const apis = {
  Produce,
  Fetch,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  FindCoordinator,
  JoinGroup,
  Heartbeat,
  LeaveGroup,
  SyncGroup,
  DescribeGroups,
  ListGroups,
  ApiVersions,
  CreateTopics,
  DeleteTopics,
  InitProducerId,
  OffsetForLeaderEpoch,
  DeleteGroups,
  DescribeCluster,
} as const

export type ApiName = keyof typeof apis

/** Decoded: every field is present, those that the version lacks with their default. */
export type RequestBody<N extends ApiName> = Decoded<(typeof apis)[N]['request']>
export type ResponseBody<N extends ApiName> = Decoded<(typeof apis)[N]['response']>
/** To be encoded: fields that have a default, or are not in all versions, may be left out. */
export type RequestInput<N extends ApiName> = Input<(typeof apis)[N]['request']>
export type ResponseInput<N extends ApiName> = Input<(typeof apis)[N]['response']>

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** A request of any API; `api` tells its body's type. */
export type DecodedRequest = {
  readonly [N in ApiName]: {
    readonly api: N
    readonly version: number
    readonly correlationId: number
    readonly clientId: string | null
    readonly body: RequestBody<N>
  }
}[ApiName]

export interface AdvertisedApi {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

export const apiNames = Object.keys(apis) as readonly ApiName[]

const byKey = new Map<number, ApiName>(apiNames.map((name) => [apis[name].key, name]))

export const apiByKey = (key: number): ApiName | undefined => byKey.get(key)
export const apiKeyOf = (name: ApiName): number => apis[name].key

/** What the codec reads and writes, and the lower end that a broker advertises. */
export const validVersions = (
  name: ApiName,
): { readonly min: number; readonly max: number; readonly advertisedMin: number } => apis[name]

/** A broker's ApiVersions list, ordered by key. Default: all APIs. */
export const advertisedApis = (names: readonly ApiName[] = apiNames): AdvertisedApi[] =>
  names
    .map((name) => apis[name])
    .map(({ key, advertisedMin, max }) => ({
      apiKey: key,
      minVersion: advertisedMin,
      maxVersion: max,
    }))
    .sort((a, b) => a.apiKey - b.apiKey)

/** A request as its receiver sees it, without the bytes: nothing is validated. */
export const completeRequest = <N extends ApiName>(
  name: N,
  input: RequestInput<N>,
): RequestBody<N> => completionOf(apis[name].request)(input) as RequestBody<N>

export const completeResponse = <N extends ApiName>(
  name: N,
  input: ResponseInput<N>,
): ResponseBody<N> => completionOf(apis[name].response)(input) as ResponseBody<N>

const supported = (name: ApiName, version: number): Api => {
  const api: Api = apis[name]
  if (Number.isInteger(version) && version >= api.min && version <= api.max) return api
  throw new WireFault(
    'UNSUPPORTED_VERSION',
    `version ${version} is not supported, use ${api.min} to ${api.max}`,
  )
}

/** The body's type is checked where it is given; from here on it is data. */
type Message = Decoded<AnyMessage>
const asMessage = (input: unknown): Input<AnyMessage> => input as Input<AnyMessage>

const SIZE_BYTES = 4

/** One request, with its size in front. Errors: UNSUPPORTED_VERSION, NUMBER_OUT_OF_RANGE,
 * INVALID_ARGUMENT, each naming the field. */
export const encodeRequest = <N extends ApiName>(
  name: N,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  input: RequestInput<N>,
): Buffer => requestWriter(name, version, header, input).finish()

/** As `encodeRequest`, in pieces: large record batches are referenced, not copied. */
export const encodeRequestParts = <N extends ApiName>(
  name: N,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  input: RequestInput<N>,
): readonly Buffer[] => requestWriter(name, version, header, input).finishParts()

const requestWriter = <N extends ApiName>(
  name: N,
  version: number,
  { correlationId, clientId }: { readonly correlationId: number; readonly clientId: string | null },
  input: RequestInput<N>,
): WireWriter =>
  naming(`${name} v${version} request`, () => {
    const api = supported(name, version)
    const writer = new WireWriter()
    writer.int32(0)
    writer.int16(api.key)
    writer.int16(version)
    writer.int32(correlationId)
    // Not compact even in flexible versions, so that any broker can read it (KIP-482).
    writer.string(clientId)
    if (isFlexible(api, version)) writer.uvarint(0)
    codecOf(api, api.request, version).write(writer, asMessage(input))
    writer.patchInt32(0, writer.length - SIZE_BYTES)
    return writer
  })

/** ApiVersions answers keep header v0, to be readable before versions are agreed (KIP-511). */
const hasFlexibleResponseHeader = (name: ApiName, api: Api, version: number): boolean =>
  name !== 'ApiVersions' && isFlexible(api, version)

/** One response, with its size in front. Errors: as `encodeRequest`. */
export const encodeResponse = <N extends ApiName>(
  name: N,
  version: number,
  correlationId: number,
  input: ResponseInput<N>,
): Buffer => responseWriter(name, version, correlationId, input).finish()

/** As `encodeResponse`, in pieces: large record batches are referenced, not copied. */
export const encodeResponseParts = <N extends ApiName>(
  name: N,
  version: number,
  correlationId: number,
  input: ResponseInput<N>,
): readonly Buffer[] => responseWriter(name, version, correlationId, input).finishParts()

const responseWriter = <N extends ApiName>(
  name: N,
  version: number,
  correlationId: number,
  input: ResponseInput<N>,
): WireWriter =>
  naming(`${name} v${version} response`, () => {
    const api = supported(name, version)
    const writer = new WireWriter()
    writer.int32(0)
    writer.int32(correlationId)
    if (hasFlexibleResponseHeader(name, api, version)) writer.uvarint(0)
    codecOf(api, api.response, version).write(writer, asMessage(input))
    writer.patchInt32(0, writer.length - SIZE_BYTES)
    return writer
  })

/** The answer to an ApiVersions request of a version that is not supported (KIP-511): always v0. */
export const encodeUnsupportedApiVersions = (
  correlationId: number,
  names?: readonly ApiName[],
): Buffer =>
  encodeResponse('ApiVersions', 0, correlationId, {
    errorCode: errorCode('UNSUPPORTED_VERSION'),
    apiKeys: advertisedApis(names),
  })

const skipTags = (reader: WireReader): void => reader.tags((_tag, size) => void reader.raw(size))

const readFixedHeader = (reader: WireReader) => ({
  apiKey: reader.int16(),
  apiVersion: reader.int16(),
  correlationId: reader.int32(),
})

/**
 * The header of any request, also of APIs and versions unknown here. A client id that cannot be
 * read is null. Errors: MALFORMED_MESSAGE for a frame of less than 8 bytes.
 */
export const decodeRequestHeader = (frame: Buffer): RequestHeader => {
  const reader = new WireReader(frame)
  const fixed = naming('request header', () => readFixedHeader(reader))
  try {
    return { ...fixed, clientId: reader.string() }
  } catch (error) {
    if (error instanceof WireFault) return { ...fixed, clientId: null }
    throw error
  }
}

/**
 * One request, without the size in front. Errors: UNSUPPORTED_VERSION for an API or a version that
 * cannot be read (also for the Produce versions that are only advertised), MALFORMED_MESSAGE,
 * NUMBER_OUT_OF_RANGE.
 */
export const decodeRequest = (frame: Buffer): DecodedRequest => {
  const reader = new WireReader(frame)
  const { apiKey, apiVersion, correlationId } = naming('request header', () =>
    readFixedHeader(reader),
  )
  const name = apiByKey(apiKey)
  return naming(`${name ?? `API ${apiKey}`} v${apiVersion} request`, () => {
    if (name === undefined) throw new WireFault('UNSUPPORTED_VERSION', 'no API has this key')
    const api = supported(name, apiVersion)
    const clientId = reader.string()
    if (isFlexible(api, apiVersion)) skipTags(reader)
    const body = codecOf(api, api.request, apiVersion).read(reader)
    reader.expectEnd()
    return { api: name, version: apiVersion, correlationId, clientId, body } as DecodedRequest
  })
}

const readResponse = (name: ApiName, version: number, frame: Buffer) =>
  naming(`${name} v${version} response`, () => {
    const api = supported(name, version)
    const reader = new WireReader(frame)
    const correlationId = reader.int32()
    if (hasFlexibleResponseHeader(name, api, version)) skipTags(reader)
    const body: Message = codecOf(api, api.response, version).read(reader)
    reader.expectEnd()
    return { correlationId, body }
  })

/** An old broker answers an ApiVersions request that is too new for it in v0, with error 35. */
const refusesApiVersions = (name: ApiName, version: number, frame: Buffer): boolean =>
  name === 'ApiVersions' &&
  version > 0 &&
  frame.length >= 6 &&
  frame.readInt16BE(4) === errorCode('UNSUPPORTED_VERSION')

/**
 * One response, without the size in front. A refusal of ApiVersions is read as v0 when it is not in
 * the version asked for. Errors: UNSUPPORTED_VERSION, MALFORMED_MESSAGE, NUMBER_OUT_OF_RANGE.
 */
export const decodeResponse = <N extends ApiName>(
  name: N,
  version: number,
  frame: Buffer,
): { readonly correlationId: number; readonly body: ResponseBody<N> } => {
  const decoded = (actual: number) =>
    readResponse(name, actual, frame) as { correlationId: number; body: ResponseBody<N> }
  if (!refusesApiVersions(name, version, frame)) return decoded(version)
  try {
    return decoded(version)
  } catch {
    return decoded(0)
  }
}

/** The correlation id of a response frame, whatever else is in it; undefined if it is too short. */
export const responseCorrelationId = (frame: Buffer): number | undefined =>
  frame.length >= 4 ? frame.readInt32BE(0) : undefined
