import * as Effect from 'effect/Effect'
import { StreamBusError } from '../../domain/errors.js'
import { errorCode, kafkaErrorName } from '../protocol/kafka-errors.js'
import { type ApiName, apiKeyOf, validVersions } from '../protocol/registry.js'
import type { Connection } from './connection.js'

/** By API key, what the broker offers. */
export type VersionTable = ReadonlyMap<number, VersionRange>

export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** First version with the client's name, known to every broker since 2.4 (KIP-511). */
const FIRST_TRIED = 3
const SOFTWARE = { clientSoftwareName: 'streambus', clientSoftwareVersion: '0.1.0' }

/**
 * Asks a broker for its API versions. One that does not know our version of the question answers
 * in version 0 with UNSUPPORTED_VERSION and mostly names the range it knows (KIP-511); the
 * question is then put once more in a version it knows.
 */
export const negotiate = (
  connection: Connection,
  dueMs: number,
): Effect.Effect<VersionTable, StreamBusError> =>
  Effect.gen(function* () {
    let answer = yield* ask(connection, FIRST_TRIED, dueMs)
    if (answer.errorCode === errorCode('UNSUPPORTED_VERSION')) {
      answer = yield* ask(connection, versionNamed(answer.versions), dueMs)
    }
    if (answer.errorCode === 0 && answer.versions.size > 0) return answer.versions
    const { remote } = connection
    const why =
      answer.errorCode === 0 ? 'offers no API' : `answered ${kafkaErrorName(answer.errorCode)}`
    return yield* Effect.fail(
      new StreamBusError('UNSUPPORTED_VERSION', `broker ${remote}: ApiVersions ${why}`, {
        broker: remote,
        ...(answer.errorCode === 0 ? {} : { kafkaError: kafkaErrorName(answer.errorCode) }),
      }),
    )
  })

interface Answer {
  readonly errorCode: number
  readonly versions: VersionTable
}

const ask = (
  connection: Connection,
  version: number,
  dueMs: number,
): Effect.Effect<Answer, StreamBusError> =>
  Effect.map(
    connection.request('ApiVersions', version === 0 ? {} : SOFTWARE, { version, dueMs }),
    ({ errorCode, apiKeys }) => ({
      errorCode,
      versions: new Map(
        apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
          apiKey,
          { min: minVersion, max: maxVersion },
        ]),
      ),
    }),
  )

const versionNamed = (versions: VersionTable): number => {
  const named = versions.get(apiKeyOf('ApiVersions'))
  return named === undefined ? 0 : Math.max(0, Math.min(named.max, FIRST_TRIED - 1))
}

/** The highest version both sides know, up to `maxVersion`. Throws UNSUPPORTED_VERSION. */
export const chooseVersion = (
  versions: VersionTable,
  api: ApiName,
  broker: string,
  maxVersion = Number.POSITIVE_INFINITY,
): number => {
  const ours = validVersions(api)
  const theirs = versions.get(apiKeyOf(api))
  const version = Math.min(ours.max, theirs?.max ?? -1, maxVersion)
  if (theirs !== undefined && version >= Math.max(ours.min, theirs.min)) return version
  const offers = theirs === undefined ? 'does not offer it' : `offers ${theirs.min}-${theirs.max}`
  const wanted = `${ours.min}-${Math.min(ours.max, maxVersion)}`
  throw new StreamBusError(
    'UNSUPPORTED_VERSION',
    `broker ${broker}: no common version of ${api}: ` +
      `this client needs ${wanted}, the broker ${offers}`,
    { broker },
  )
}
