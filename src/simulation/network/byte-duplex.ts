import * as Effect from 'effect/Effect'
import type { Duplex } from '../../transport/duplex.js'
import { formatAddress } from '../../transport/tcp/address.js'
import type { Dialer } from '../../transport/tcp/dialer.js'
import type { VirtualTime } from '../time/virtual-time.js'
import type { Network } from './network.js'
import type { Party, StreamEnd } from './stream.js'

/** One in so many packets arrives in two pieces, somewhere in the middle of a frame. */
const SPLIT_RATE = 0.1

export interface ByteParts {
  readonly time: VirtualTime
  readonly random: () => number
  /** Hosts whose next packet is cut off in the middle, by a reset. */
  readonly cuts: Set<string>
}

/** A byte stream over the simulated network, as a socket gives it. */
export const byteDuplex = (end: StreamEnd<Buffer>, { time, random, cuts }: ByteParts): Duplex => {
  let onClose: ((error?: Error) => void) | undefined
  let isOver = false
  const over = (error?: Error): void => {
    if (isOver) return
    isOver = true
    onClose?.(error)
  }
  const finish = (): void => {
    end.close()
    // A socket's own end is told in a later turn of the loop.
    time.schedule(end.party.gate, 0, () => over())
  }
  end.onClose(over)
  return {
    remote: end.peer.name,
    write: (bytes) => {
      const isCut = bytes.length > 1 && cuts.delete(end.party.host)
      if (isCut || (bytes.length > 1 && random() < SPLIT_RATE)) {
        const at = 1 + Math.floor(random() * (bytes.length - 1))
        end.send(Buffer.from(bytes.subarray(0, at)))
        if (isCut) end.breakOff('reset by the network in the middle of a frame')
        else end.send(Buffer.from(bytes.subarray(at)))
      } else end.send(Buffer.from(bytes))
      return true
    },
    onData: (listener) => end.onItem(listener),
    onClose: (listener) => {
      onClose = listener
    },
    onDrain: () => {},
    pause: () => {},
    resume: () => {},
    end: finish,
    destroy: finish,
  }
}

/** Opens byte streams into the simulated network. */
export const byteDialer = (
  network: Network<Buffer>,
  party: Party,
  hostOf: (address: string) => string,
  parts: Omit<ByteParts, 'random'>,
): Dialer => {
  const random = parts.time.randomFor(`split/${party.name}`)
  return {
    dial: (host, port) => {
      const address = formatAddress({ host, port })
      return Effect.map(network.dial(party, address, hostOf(address)), (end) =>
        byteDuplex(end, { ...parts, random }),
      )
    },
  }
}
