import { createServer, type Server, type Socket } from 'node:net'
import * as Effect from 'effect/Effect'
import { StreamBusError } from '../../domain/errors.js'
import { formatAddress } from '../../transport/tcp/address.js'
import { socketDuplex } from '../../transport/tcp/socket-duplex.js'
import { type ConnectionParts, serveConnection } from './serve-connection.js'

export interface TcpServerOptions extends Omit<ConnectionParts, 'clientHost' | 'listener'> {
  /** Default 127.0.0.1: this machine only. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  readonly maxConnections: number
}

export interface TcpServer {
  readonly host: string
  /** The actual port. */
  readonly port: number
  /** Stops listening and ends all connections. */
  readonly close: Effect.Effect<void>
}

/**
 * Listens for Kafka clients. Errors: PORT_IN_USE, or INVALID_CONFIG for an address that this
 * machine cannot listen at.
 */
export const listenTcp = (options: TcpServerOptions): Effect.Effect<TcpServer, StreamBusError> =>
  Effect.callback((resume) => {
    const { host = '127.0.0.1', port, maxConnections, logger } = options
    const sockets = new Set<Socket>()
    const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      serve(socket, options)
    })
    server.maxConnections = maxConnections
    server.on('drop', () => logger.warn({}, `refused a connection: ${maxConnections} are open`))
    server.once('error', (error) => resume(Effect.fail(listenError(error, host, port))))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      server.on('error', (error) => logger.error({ err: error }, `TCP server: ${error.message}`))
      const bound = boundPort(server)
      logger.info({ host, port: bound }, `listening on ${formatAddress({ host, port: bound })}`)
      resume(Effect.succeed({ host, port: bound, close: closeAll(server, sockets) }))
    })
    return Effect.sync(() => server.close())
  })

const serve = (socket: Socket, options: TcpServerOptions): void => {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  // Gone before we could look at it.
  if (remoteAddress === undefined || remotePort === undefined) {
    socket.destroy()
    return
  }
  const host = plainAddress(remoteAddress)
  const duplex = socketDuplex(socket, formatAddress({ host, port: remotePort }))
  const listener =
    localAddress === undefined || localPort === undefined
      ? undefined
      : { host: plainAddress(localAddress), port: localPort }
  serveConnection(duplex, { ...options, clientHost: `/${host}`, listener })
}

/** An IPv4 peer of an IPv6 socket, in its own notation. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '')

const boundPort = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const closeAll = (server: Server, sockets: ReadonlySet<Socket>): Effect.Effect<void> =>
  Effect.callback((resume) => {
    server.close(() => resume(Effect.void))
    for (const socket of sockets) socket.destroy()
  })

const listenError = (error: Error, host: string, port: number): StreamBusError => {
  const { code } = error as NodeJS.ErrnoException
  const address = formatAddress({ host, port })
  if (code === 'EADDRINUSE') {
    const message = `${address} is in use; stop what listens there or choose another port (0: any)`
    return new StreamBusError('PORT_IN_USE', message, { broker: address, cause: error })
  }
  const message = `cannot listen on ${address} (${error.message}); choose another host or port`
  return new StreamBusError('INVALID_CONFIG', message, { broker: address, cause: error })
}
