import type { Socket } from 'node:net'
import type { Duplex } from '../duplex.js'

/** A connected socket as a `Duplex`. `remote` names what was dialed, or the peer's address. */
export const socketDuplex = (socket: Socket, remote: string): Duplex => {
  let failure: Error | undefined
  // An 'error' event without a listener would end the process; 'close' always follows it.
  socket.on('error', (error) => {
    failure ??= error
  })
  return {
    write: (bytes) => (socket.destroyed ? true : socket.write(bytes)),
    onData: (listener) => {
      socket.on('data', listener)
    },
    onClose: (listener) => {
      if (socket.closed) listener(failure)
      else socket.once('close', () => listener(failure))
    },
    onDrain: (listener) => {
      socket.on('drain', listener)
    },
    pause: () => {
      socket.pause()
    },
    resume: () => {
      socket.resume()
    },
    end: () => {
      socket.end()
    },
    destroy: () => {
      socket.destroy()
    },
    remote,
  }
}
