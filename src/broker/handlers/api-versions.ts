import * as Effect from 'effect/Effect'
import { type ApiName, advertisedApis } from '../../transport/protocol/registry.js'
import type { Handler } from '../handler.js'

/**
 * ApiVersions, key 18. Lists what this broker serves, so it is made from the other handlers'
 * names. A version that we do not know is answered by the connection (`serveConnection`), which
 * alone sees it. No features: they concern transactions and KRaft.
 */
export const apiVersions =
  (served: readonly ApiName[]): Handler<'ApiVersions'> =>
  () =>
    Effect.succeed({ errorCode: 0, apiKeys: advertisedApis(served) })
