import * as net from 'node:net'
import * as Effect from 'effect/Effect'
import type { StreamBusError } from '../../domain/errors.js'
import type { Duplex } from '../duplex.js'
import { formatAddress } from './address.js'
import type { Dialer } from './dialer.js'
import { socketDuplex } from './socket-duplex.js'
import { describeSocketFailure } from './socket-failure.js'
import { unreachable } from './unreachable.js'

const KEEP_ALIVE_AFTER_MS = 30_000

/** Node gives each address of a host name 250 ms, too little for a far-away broker. */
const ADDRESS_ATTEMPT_MS = 2_000

/** Plain TCP: no delay, and keep-alive probes for connections that rest. */
export const nodeDialer: Dialer = {
  dial: (host, port) =>
    Effect.callback<Duplex, StreamBusError>((resume) => {
      const address = formatAddress({ host, port })
      const refuse = (error: unknown): void =>
        resume(Effect.fail(unreachable(address, describeSocketFailure(error), error)))
      let socket: net.Socket
      try {
        socket = net.connect({
          host,
          port,
          noDelay: true,
          keepAlive: true,
          keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
          autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
        })
      } catch (error) {
        refuse(error)
        return undefined
      }
      socket.once('error', refuse)
      socket.once('connect', () => {
        socket.off('error', refuse)
        resume(Effect.succeed(socketDuplex(socket, address)))
      })
      return Effect.sync(() => {
        // Gave up while connecting: a late error concerns nobody.
        socket.on('error', () => {})
        socket.destroy()
      })
    }),
}
