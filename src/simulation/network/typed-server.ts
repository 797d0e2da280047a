import type * as Fiber from 'effect/Fiber'
import type { Runtime } from '../../runtime/runtime.js'
import type { RequestHandler } from '../../transport/request-handler.js'
import type { StreamEnd } from './stream.js'
import type { TypedFrame } from './typed-frame.js'

type TypedRequest = Extract<TypedFrame, { readonly is: 'request' }>

/** Serves one connection as the broker's TCP server does: one request at a time, in order. */
export const serveTyped = (
  stream: StreamEnd<TypedFrame>,
  runtime: Runtime,
  handle: RequestHandler,
): void => {
  const waiting: TypedRequest[] = []
  let running: Fiber.Fiber<unknown, never> | undefined
  const next = (): void => {
    if (running !== undefined || stream.isClosed) return
    const request = waiting.shift()
    if (request !== undefined) serve(request)
  }
  const serve = ({ api, version, clientId, correlationId, body }: TypedRequest): void => {
    const context = { apiVersion: version, clientId, clientHost: stream.peer.host }
    // One call site for all APIs: name and body belong together.
    const fiber = runtime.run(handle(api as 'Heartbeat', body as never, context))
    running = fiber
    fiber.addObserver((exit) => {
      running = undefined
      if (exit._tag === 'Success' && exit.value !== null) {
        stream.send({ is: 'response', correlationId, api, body: exit.value })
      }
      next()
    })
  }
  stream.onItem((frame) => {
    if (frame.is !== 'request') return
    waiting.push(frame)
    next()
  })
  stream.onClose(() => {
    waiting.length = 0
    running?.interruptUnsafe()
  })
}
