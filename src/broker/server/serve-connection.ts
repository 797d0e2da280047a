import * as Cause from 'effect/Cause'
import type * as Exit from 'effect/Exit'
import type * as Fiber from 'effect/Fiber'
import type { Runtime } from '../../runtime/runtime.js'
import type { Duplex } from '../../transport/duplex.js'
import {
  type ApiName,
  apiByKey,
  type DecodedRequest,
  decodeRequest,
  decodeRequestHeader,
  encodeResponseParts,
  encodeUnsupportedApiVersions,
  type ResponseInput,
  validVersions,
} from '../../transport/protocol/registry.js'
import type { RequestHandler } from '../../transport/request-handler.js'
import type { ConnectionContext } from '../connection-context.js'
import type { Logger } from '../logger.js'
import { type BadSize, FrameReader } from './frame-reader.js'
import { guessPeer } from './peer-guess.js'

export interface ConnectionParts {
  readonly runtime: Runtime
  readonly handle: RequestHandler
  readonly served: readonly ApiName[]
  readonly logger: Logger
  readonly maxRequestBytes: number
  readonly idleMs: number
  /** `/127.0.0.1`, Kafka's form. */
  readonly clientHost: string
  /** What the client dialled. */
  readonly listener: { readonly host: string; readonly port: number } | undefined
}

/** Key, version, correlation id: no request is shorter. */
const LEAST_REQUEST_BYTES = 8

/** How much may wait unread by us while a request is served; then the socket is paused. */
const READ_AHEAD_BYTES = 256 * 1024

/**
 * Serves one connection until it closes: frames in, requests to the handler, responses out, one
 * request at a time as Kafka does. Pipelined requests wait as bytes: beyond 256 KiB of them the
 * socket is not read. The next request begins only when the peer has taken the last response, so
 * neither a flood of requests nor a peer that does not read makes us hold more.
 *
 * Whatever is not a request that we can answer closes the connection with one log line. When the
 * connection closes, the request being served is interrupted.
 */
export const serveConnection = (duplex: Duplex, parts: ConnectionParts): void => {
  new Connection(duplex, parts).start()
}

class Connection {
  readonly #duplex: Duplex
  readonly #parts: ConnectionParts
  readonly #frames: FrameReader
  #running: Fiber.Fiber<unknown, never> | undefined
  /** A response waits for the peer to read. */
  #blocked = false
  #busy = false
  #pumping = false
  #paused = false
  #closed = false
  #lastRequestAt: number
  #idleTimer: object | undefined

  constructor(duplex: Duplex, parts: ConnectionParts) {
    this.#duplex = duplex
    this.#parts = parts
    this.#frames = new FrameReader({ least: LEAST_REQUEST_BYTES, most: parts.maxRequestBytes })
    this.#lastRequestAt = parts.runtime.clock.elapsed()
  }

  start(): void {
    this.#duplex.onClose(() => this.#onClose())
    this.#duplex.onDrain(() => {
      this.#blocked = false
      this.#pump()
    })
    this.#duplex.onData((chunk) => {
      if (this.#closed) return
      this.#frames.push(chunk)
      this.#pump()
    })
    this.#watchIdle()
  }

  /** Serves waiting requests, and reads on or pauses as their bytes allow. */
  #pump(): void {
    // A handler that is done at once, or a write that drains at once, calls back in here.
    if (this.#pumping) return
    this.#pumping = true
    while (!this.#busy && !this.#blocked && !this.#closed) {
      const frame = this.#frames.next()
      if (frame === undefined) break
      if (Buffer.isBuffer(frame)) this.#serve(frame)
      else this.#refuseFrame(frame)
    }
    this.#pumping = false
    const full = this.#frames.pendingBytes > READ_AHEAD_BYTES
    this.#setPaused(full && (this.#busy || this.#blocked))
  }

  #setPaused(paused: boolean): void {
    if (this.#closed || paused === this.#paused) return
    this.#paused = paused
    if (paused) this.#duplex.pause()
    else this.#duplex.resume()
  }

  #serve(frame: Buffer): void {
    const request = this.#decode(frame)
    if (request === undefined) return
    this.#busy = true
    const { api, version, clientId } = request
    const { clientHost, listener, handle, runtime } = this.#parts
    const context: ConnectionContext = {
      apiVersion: version,
      clientId,
      clientHost,
      ...(listener === undefined ? {} : { listener }),
      disconnect: (why) => this.#fail(why),
    }
    // One call site for all APIs: name and body belong together by DecodedRequest.
    const handled = handle(api as 'Heartbeat', request.body as never, context)
    const fiber = runtime.run(handled)
    this.#running = fiber
    fiber.addObserver((exit) => this.#answered(request, exit))
  }

  #answered(request: DecodedRequest, exit: Exit.Exit<ResponseInput<ApiName> | null, never>): void {
    this.#running = undefined
    this.#busy = false
    this.#lastRequestAt = this.#parts.runtime.clock.elapsed()
    if (this.#closed) return
    const { api, version } = request
    if (exit._tag === 'Failure') {
      this.#fail(`${api} v${version} was not answered: ${lineOf(Cause.squash(exit.cause))}`)
    } else if (exit.value !== null) {
      this.#respond(request, exit.value)
    }
    this.#pump()
  }

  #respond(
    { api, version, correlationId }: DecodedRequest,
    response: ResponseInput<ApiName>,
  ): void {
    try {
      const parts = encodeResponseParts(api, version, correlationId, response as never)
      for (const part of parts) this.#write(part)
    } catch (error) {
      this.#fail(`the answer to ${api} v${version} cannot be written: ${lineOf(error)}`)
    }
  }

  #write(bytes: Buffer): void {
    if (!this.#duplex.write(bytes)) this.#blocked = true
  }

  #decode(frame: Buffer): DecodedRequest | undefined {
    const { apiKey, apiVersion, correlationId } = decodeRequestHeader(frame)
    const api = apiByKey(apiKey)
    if (api === undefined || !this.#parts.served.includes(api)) {
      this.#fail(`unknown API key ${apiKey}${because(guessPeer(frame))}`)
      return undefined
    }
    const { min, max } = validVersions(api)
    if (apiVersion < min || apiVersion > max) {
      // KIP-511: the one request whose version a client cannot know beforehand.
      if (api === 'ApiVersions') {
        this.#write(encodeUnsupportedApiVersions(correlationId, ['ApiVersions']))
      } else {
        this.#fail(`${api} v${apiVersion} is not supported, only v${min} to v${max}`)
      }
      return undefined
    }
    try {
      return decodeRequest(frame)
    } catch (error) {
      this.#fail(`it sent a malformed request: ${lineOf(error)}`)
      return undefined
    }
  }

  #refuseFrame({ size, start }: BadSize): void {
    const { maxRequestBytes } = this.#parts
    const limits = `${LEAST_REQUEST_BYTES} to ${maxRequestBytes}`
    this.#fail(`a request of ${size} bytes (${limits} are allowed)${because(guessPeer(start))}`)
  }

  /** Ends the connection for a reason worth a line. */
  #fail(why: string): void {
    if (this.#closed) return
    const { remote } = this.#duplex
    this.#parts.logger.warn({ remote }, `closed the connection from ${remote}: ${why}`)
    this.#close()
  }

  #close(): void {
    this.#onClose()
    this.#duplex.destroy()
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    this.#parts.runtime.clock.clearTimeout(this.#idleTimer)
    this.#running?.interruptUnsafe()
  }

  /** As Kafka's `connections.max.idle.ms`; counts whole requests, so bytes in drips do not help. */
  #watchIdle(): void {
    const { runtime, idleMs } = this.#parts
    const { clock } = runtime
    const check = (): void => {
      const idle = this.#busy ? 0 : clock.elapsed() - this.#lastRequestAt
      if (idle < idleMs) {
        this.#idleTimer = clock.setTimeout(check, idleMs - idle)
        return
      }
      const { remote } = this.#duplex
      const message = `closed the connection from ${remote}: idle for ${idleMs} ms`
      this.#parts.logger.debug({ remote }, message)
      this.#close()
    }
    this.#idleTimer = clock.setTimeout(check, idleMs)
  }
}

const because = (guess: string | undefined): string => (guess === undefined ? '' : `: ${guess}`)

const lineOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!
