import { api } from '../api.js'
import { array, bool, int16, int32, offset, string, struct } from '../schema.js'

/**
 * Which APIs and versions a broker speaks: the first request on a connection.
 * v1 adds the throttle time (from v2 the broker answers first and throttles after). v3 is flexible
 * and says what client asks (KIP-511); features are tagged fields (KIP-584). v4 may list features
 * from version 0. The response header stays v0 in all versions, so that it can be read before
 * anything is known; a request of an unsupported version is answered in v0 with error 35 and the
 * list.
 */
export const ApiVersions = api({
  key: 18,
  min: 0,
  max: 4,
  flexibleFrom: 3,
  request: struct({
    clientSoftwareName: string({ since: 3, ignorable: true }),
    clientSoftwareVersion: string({ since: 3, ignorable: true }),
  }),
  response: struct({
    errorCode: int16(),
    apiKeys: array(
      struct({
        apiKey: int16(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
    ),
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    supportedFeatures: array(
      struct({
        name: string(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
      { since: 3, tag: 0, ignorable: true },
    ),
    finalizedFeaturesEpoch: offset({ since: 3, default: -1, tag: 1, ignorable: true }),
    finalizedFeatures: array(
      struct({
        name: string(),
        maxVersionLevel: int16(),
        minVersionLevel: int16(),
      }),
      { since: 3, tag: 2, ignorable: true },
    ),
    zkMigrationReady: bool({ since: 3, default: false, tag: 3, ignorable: true }),
  }),
})
