import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import { StreamBusError } from '../../domain/errors.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { ApiName, ResponseBody } from '../protocol/registry.js'
import { type Address, formatAddress } from '../tcp/address.js'
import type { ClusterView, Purpose, RequestMaker } from '../transport.js'
import type { BrokerConnection } from './broker-connection.js'
import type { ConnectionPool, Place } from './connection-pool.js'

const ROUND_PAUSE_MS = 50
const ROUND_PAUSE_MAX_MS = 1_000

export interface AnyBrokerParts {
  readonly runtime: Runtime
  readonly pool: ConnectionPool
  readonly bootstrap: readonly Address[]
  readonly view: () => ClusterView
  /** For one broker, so that a silent one leaves time for the others. */
  readonly attemptTimeoutMs: number
}

export interface AnyRequest<N extends ApiName> {
  readonly api: N
  readonly input: RequestMaker<N>
  readonly purpose: Purpose
  readonly owner?: string
  readonly maxVersion?: number
  readonly timeoutMs: number
  /** Asking twice does no harm: go on with the next broker after any failure. */
  readonly repeatable: boolean
  /** Takes an answer, or says why it is of no use: the next broker is asked then. */
  readonly take?: (body: ResponseBody<N>) => StreamBusError | undefined
  /** Filled with the last failure of each address, for whoever gives up waiting. */
  readonly failures?: Map<string, StreamBusError>
}

interface Candidate {
  readonly connection: BrokerConnection
  readonly address: string
}

/**
 * A request that any broker can answer. Connected brokers come first, then those not tried yet,
 * then those that failed, the longest ago first; the bootstrap list stands behind the known
 * brokers, so that a cluster that moved as a whole is found again. Rounds go on until the time is
 * up, which fails with BROKER_UNREACHABLE naming every address and why.
 */
export const askAnyBroker = <N extends ApiName>(
  parts: AnyBrokerParts,
  request: AnyRequest<N>,
): Effect.Effect<ResponseBody<N>, StreamBusError> =>
  Effect.gen(function* () {
    const { clock } = parts.runtime
    const { timeoutMs, failures = new Map<string, StreamBusError>() } = request
    const dueMs = clock.elapsed() + timeoutMs
    for (let round = 0; ; round++) {
      const inRound: StreamBusError[] = []
      for (const { connection, address } of candidates(parts, request)) {
        const leftMs = dueMs - clock.elapsed()
        if (leftMs <= 0) return yield* Effect.fail(nobodyAnswered(request.api, timeoutMs, failures))
        const attemptMs = Math.min(leftMs, request.repeatable ? parts.attemptTimeoutMs : leftMs)
        const result = yield* Effect.result(attempt(connection, request, attemptMs))
        if (Result.isSuccess(result)) return result.success
        const error = result.failure
        failures.set(address, error)
        inRound.push(error)
        const mayGoOn = request.repeatable || error.code === 'BROKER_UNREACHABLE'
        if (!mayGoOn) return yield* Effect.fail(error)
      }
      const hopeless = inRound.every(({ retriable }) => !retriable) ? inRound[0] : undefined
      if (hopeless !== undefined && request.repeatable) return yield* Effect.fail(hopeless)
      const pause = Math.min(ROUND_PAUSE_MS * 2 ** Math.min(round, 10), ROUND_PAUSE_MAX_MS)
      const leftMs = dueMs - clock.elapsed()
      yield* Effect.sleep(
        Math.max(0, Math.min(pause * (0.8 + 0.4 * parts.runtime.random()), leftMs)),
      )
    }
  })

const attempt = <N extends ApiName>(
  connection: BrokerConnection,
  { api, input, maxVersion, take }: AnyRequest<N>,
  timeoutMs: number,
): Effect.Effect<ResponseBody<N>, StreamBusError> => {
  const options = maxVersion === undefined ? { timeoutMs } : { timeoutMs, maxVersion }
  const asked = connection.request(api, input, options)
  if (take === undefined) return asked
  return Effect.flatMap(asked, (body) => {
    const refusal = take(body)
    return refusal === undefined ? Effect.succeed(body) : Effect.fail(refusal)
  })
}

const candidates = <N extends ApiName>(
  { pool, bootstrap, view }: AnyBrokerParts,
  { purpose, owner }: AnyRequest<N>,
): readonly Candidate[] => {
  const nodes = [...view().nodes.values()]
  const places: readonly Place[] = [
    ...nodes.map(({ nodeId }): Place => ({ type: 'node', nodeId })),
    ...bootstrap.map((_, index): Place => ({ type: 'bootstrap', index })),
  ]
  return places
    .map((place) => {
      const connection = pool.get(place, purpose, owner)
      const address = formatAddress(pool.addressOf(place))
      return { connection, address, rank: rankOf(connection), isNode: place.type === 'node' }
    })
    .sort((a, b) => a.rank - b.rank)
    .filter(
      (each, index, all) => all.findIndex((other) => other.address === each.address) === index,
    )
}

const rankOf = (connection: BrokerConnection): number => {
  const { state, failedAtMs } = connection.health()
  return state === 'ready' ? 0 : state === 'unused' ? 1 : 2 + failedAtMs
}

export const nobodyAnswered = (
  api: ApiName,
  timeoutMs: number,
  failures: ReadonlyMap<string, StreamBusError>,
): StreamBusError => {
  const [firstAddress, firstError] = failures.entries().next().value ?? []
  const reasons = [...failures].map(([address, { message }]) => withAddress(address, message))
  const what = `no broker answered ${api} within ${timeoutMs} ms`
  const message = reasons.length === 0 ? what : `${what}: ${reasons.join('; ')}`
  return new StreamBusError('BROKER_UNREACHABLE', message, {
    retriable: true,
    cause: firstError,
    ...(firstAddress === undefined ? {} : { broker: firstAddress }),
  })
}

const withAddress = (address: string, message: string): string =>
  message.includes(address) ? message : `${address}: ${message}`
