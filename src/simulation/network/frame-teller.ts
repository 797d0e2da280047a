import type { Described } from '../../runtime/trace-recorder.js'
import { type ApiName, apiByKey } from '../../transport/protocol/registry.js'
import type { Party } from './stream.js'

const SIZE_BYTES = 4
const API_KEY_AT = 4
const CORRELATION_ID_AT = { request: 8, response: 4 } as const

/** How far into a frame one direction of a connection is. */
interface Cursor {
  /** Bytes of the present frame that are still to come. */
  left: number
}

interface Connection {
  readonly client: string
  readonly request: Cursor
  readonly response: Cursor
  readonly unanswered: Map<number, ApiName>
}

/**
 * Tells which packets begin a message, and which it is: a frame's first packet holds its header,
 * and the client's first one is a request.
 */
export const frameTeller = (): ((
  bytes: Buffer,
  from: Party,
  connection: object,
) => Described | undefined) => {
  const connections = new WeakMap<object, Connection>()
  return (bytes, from, key) => {
    const known = connections.get(key)
    const connection = known ?? {
      client: from.name,
      request: { left: 0 },
      response: { left: 0 },
      unanswered: new Map(),
    }
    if (known === undefined) connections.set(key, connection)
    const is = from.name === connection.client ? 'request' : 'response'
    const cursor = connection[is]
    if (cursor.left > 0) {
      cursor.left = Math.max(0, cursor.left - bytes.length)
      return undefined
    }
    const header = CORRELATION_ID_AT[is] + 4
    // A packet that ends within the header tells of nothing; what follows it is still counted.
    if (bytes.length < SIZE_BYTES) return undefined
    cursor.left = Math.max(0, bytes.readInt32BE(0) + SIZE_BYTES - bytes.length)
    if (bytes.length < header) return undefined
    const correlationId = bytes.readInt32BE(CORRELATION_ID_AT[is])
    if (is === 'response') {
      const api = connection.unanswered.get(correlationId)
      connection.unanswered.delete(correlationId)
      return api === undefined ? undefined : { api, is }
    }
    const api = apiByKey(bytes.readInt16BE(API_KEY_AT))
    if (api === undefined) return undefined
    connection.unanswered.set(correlationId, api)
    return { api, is }
  }
}
