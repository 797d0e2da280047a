import * as Effect from 'effect/Effect'
import { StreamBusError } from '../../domain/errors.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { ResponseBody } from '../protocol/registry.js'
import { formatAddress } from '../tcp/address.js'
import type { BrokerNode } from '../transport.js'
import { type AnyBrokerParts, askAnyBroker, nobodyAnswered } from './any-broker.js'
import { SingleFlight } from './single-flight.js'

const GROUP = 0
/** From here on one request names many groups (KIP-699). */
const FIRST_WITH_MANY_KEYS = 4

export type Found = { readonly node: BrokerNode } | { readonly errorCode: number }

export interface CoordinatorParts {
  readonly runtime: Runtime
  readonly brokers: AnyBrokerParts
  /** Deadline of one shared look-up; each caller's own may be shorter. */
  readonly requestTimeoutMs: number
  readonly onFound: (node: BrokerNode) => void
  readonly whenStopped: () => StreamBusError
}

/** Which broker coordinates which group: looked up once for all who ask, kept until forgotten. */
export class Coordinators {
  readonly #parts: CoordinatorParts
  readonly #nodes = new Map<string, BrokerNode>()
  readonly #lookUps: SingleFlight<string, Found>
  /** Of the look-up under way, by group: why it has not ended yet. */
  readonly #failures = new Map<string, Map<string, StreamBusError>>()

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
    this.#lookUps = new SingleFlight(parts.runtime, parts.whenStopped)
  }

  find(groupId: string, timeoutMs: number): Effect.Effect<Found, StreamBusError> {
    return Effect.suspend(() => {
      const node = this.#nodes.get(groupId)
      if (node !== undefined) return Effect.succeed({ node })
      return Effect.timeoutOrElse(
        this.#lookUps.join(groupId, () => this.#lookUp(groupId)),
        {
          duration: timeoutMs,
          orElse: () => Effect.fail(this.#notFoundInTime(groupId, timeoutMs)),
        },
      )
    })
  }

  forget(groupId: string): void {
    this.#nodes.delete(groupId)
  }

  stop(): void {
    this.#nodes.clear()
    this.#lookUps.stop()
  }

  #lookUp(groupId: string): Effect.Effect<Found, StreamBusError> {
    const { brokers, requestTimeoutMs, onFound } = this.#parts
    let found: Found | undefined
    const failures = new Map<string, StreamBusError>()
    this.#failures.set(groupId, failures)
    const asked = askAnyBroker(brokers, {
      api: 'FindCoordinator',
      input: (version) =>
        version < FIRST_WITH_MANY_KEYS
          ? { key: groupId, keyType: GROUP }
          : { coordinatorKeys: [groupId], keyType: GROUP },
      purpose: 'metadata',
      timeoutMs: requestTimeoutMs,
      repeatable: true,
      failures,
      take: (body) => {
        const read = readAnswer(groupId, body)
        if (read instanceof StreamBusError) return read
        found = read
        return undefined
      },
    })
    const kept = Effect.map(asked, () => {
      const answer = found!
      if ('node' in answer) {
        this.#nodes.set(groupId, answer.node)
        onFound(answer.node)
      }
      return answer
    })
    return Effect.ensuring(
      kept,
      Effect.sync(() => this.#failures.delete(groupId)),
    )
  }

  #notFoundInTime(group: string, timeoutMs: number): StreamBusError {
    const failures = this.#failures.get(group)
    const { message } = nobodyAnswered('FindCoordinator', timeoutMs, failures ?? new Map())
    return new StreamBusError(
      'REQUEST_TIMED_OUT',
      `the coordinator of group ${group} was not found: ${message}`,
      { group, retriable: true },
    )
  }
}

const readAnswer = (
  groupId: string,
  body: ResponseBody<'FindCoordinator'>,
): Found | StreamBusError => {
  const many = body.coordinators
  const answer = many.length === 0 ? body : many.find(({ key }) => key === groupId)
  if (answer === undefined) return malformed(groupId, 'leaves the group out')
  const { errorCode, nodeId, host, port } = answer
  if (errorCode !== 0) return { errorCode }
  if (nodeId < 0 || host === '' || port < 0 || port > 65_535) {
    return malformed(groupId, `names broker ${nodeId} at ${formatAddress({ host, port })}`)
  }
  return { node: { nodeId, host, port, rack: null } }
}

const malformed = (group: string, what: string): StreamBusError =>
  new StreamBusError('MALFORMED_MESSAGE', `FindCoordinator for group ${group} ${what}`, { group })
