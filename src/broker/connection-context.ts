import type { RequestContext } from '../transport/request-handler.js'

/** What a request over a connection brings along beyond what every request has. */
export interface ConnectionContext extends RequestContext {
  /** Ends the connection after this request, saying why in one log line. */
  readonly disconnect?: (why: string) => void
}

/**
 * A producer that asked for no answer (acks 0) learns of a failure by losing its connection, as
 * with Kafka: it then refreshes its metadata. In process there is none to lose.
 */
export const disconnect = (context: RequestContext, why: string): void =>
  (context as ConnectionContext).disconnect?.(why)
