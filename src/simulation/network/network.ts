import * as Effect from 'effect/Effect'
import type { StreamBusError } from '../../domain/errors.js'
import { unreachable } from '../../transport/tcp/unreachable.js'
import { Gate } from '../time/gate.js'
import type { VirtualTime } from '../time/virtual-time.js'
import { HostSide } from './host-side.js'
import { type Party, StreamEnd, type StreamTap } from './stream.js'
import { type Latency, Way } from './way.js'

interface Listener<T> {
  readonly party: Party
  readonly accept: (stream: StreamEnd<T>) => void
}

interface Open<T> {
  readonly client: StreamEnd<T>
  readonly server: StreamEnd<T>
}

/** Hosts, the ways between them, who listens where, and every open stream. */
export class Network<T> {
  readonly #time: VirtualTime
  readonly #latency: Latency
  readonly #tap: StreamTap<T> | undefined
  /** The kernel answers connection attempts, also of a process that is stopped. */
  readonly #kernel = new Gate('kernel')
  readonly #ways = new Map<string, Way>()
  readonly #sides = new Map<string, HostSide>()
  readonly #listeners = new Map<string, Listener<T>>()
  #open: Open<T>[] = []

  constructor(time: VirtualTime, latency: Latency, tap?: StreamTap<T>) {
    this.#time = time
    this.#latency = latency
    this.#tap = tap
  }

  way(from: string, to: string): Way {
    const key = `${from}>${to}`
    const known = this.#ways.get(key)
    if (known !== undefined) return known
    const random = this.#time.randomFor(`network/${key}`)
    const way = new Way(random, this.#latency, this.side(from, 'out'), this.side(to, 'in'))
    this.#ways.set(key, way)
    return way
  }

  /** How the network is at a host, for what leaves it or for what comes to it. */
  side(host: string, direction: 'out' | 'in'): HostSide {
    const key = `${direction} ${host}`
    const known = this.#sides.get(key)
    if (known !== undefined) return known
    const side = new HostSide()
    this.#sides.set(key, side)
    return side
  }

  /** Every host is well connected again. */
  heal(): void {
    for (const side of this.#sides.values()) {
      side.calm()
      side.unblock()
    }
  }

  listen(address: string, party: Party, accept: (stream: StreamEnd<T>) => void): void {
    this.#listeners.set(address, { party, accept })
  }

  stopListening(address: string): void {
    this.#listeners.delete(address)
  }

  /** Streams that a living client has open: what is left of one at a server is not its fault. */
  get openStreams(): number {
    this.#forgetClosed()
    return this.#open.filter(({ client }) => !client.isClosed && client.party.gate.state !== 'shut')
      .length
  }

  /** Fails with BROKER_UNREACHABLE when nobody listens; waits as long as no packet gets through. */
  dial(client: Party, address: string, host: string): Effect.Effect<StreamEnd<T>, StreamBusError> {
    return Effect.callback<StreamEnd<T>, StreamBusError>((resume) => {
      let isGivenUp = false
      const there = this.way(client.host, host)
      const back = this.way(host, client.host)
      const answer = (arrived: () => void, stream?: StreamEnd<T>): void =>
        this.#travel(back, client.gate, () => {
          if (isGivenUp) stream?.close()
          else arrived()
        })
      this.#travel(there, this.#kernel, () => {
        const listener = this.#listeners.get(address)
        if (listener === undefined || listener.party.gate.state === 'shut') {
          answer(() => resume(Effect.fail(unreachable(address, 'connection refused'))))
          return
        }
        const parties = [client, listener.party] as const
        const [near, far] = StreamEnd.pair(this.#time, parties, [there, back], this.#tap)
        this.#open.push({ client: near, server: far })
        this.#time.schedule(listener.party.gate, 0, () => listener.accept(far))
        answer(() => resume(Effect.succeed(near)), near)
      })
      return Effect.sync(() => {
        isGivenUp = true
      })
    })
  }

  /** All streams of a process break. `isTold`: the peers hear of it, as after a kill. */
  drop(gate: Gate, isTold: boolean, why: string): void {
    this.#forgetClosed()
    for (const { client, server } of this.#open) {
      for (const end of [client, server]) {
        if (end.party.gate !== gate) continue
        if (isTold) end.reset(why)
        else end.vanish()
      }
    }
  }

  /** A host is back after its power failed: whoever still sends to what was there hears of it. */
  revive(host: string): void {
    for (const { client, server } of this.#streamsOf(host)) {
      if (client.peer.host === host) client.peerIsBack()
      if (server.peer.host === host) server.peerIsBack()
    }
  }

  /** All streams of a host are reset by something in between: both ends are told. */
  reset(host: string): void {
    for (const { client, server } of this.#streamsOf(host)) {
      client.breakFromOutside('reset by the network')
      server.breakFromOutside('reset by the network')
    }
  }

  /** All streams of a host go silent for ever, and neither end is told: half-open. */
  silence(host: string): void {
    for (const { client, server } of this.#streamsOf(host)) {
      client.goSilent()
      server.goSilent()
    }
  }

  #streamsOf(host: string): Open<T>[] {
    this.#forgetClosed()
    return this.#open.filter(
      ({ client }) => client.party.host === host || client.peer.host === host,
    )
  }

  #travel(way: Way, to: Gate, arrive: () => void): void {
    const go = (extraMs: number): void => {
      this.#time.schedule(to, way.delay() + extraMs, () => {
        if (way.isBlocked) wait()
        else arrive()
      })
    }
    const wait = (): void => {
      const leave = way.whenUnblocked(() => {
        leave()
        go(way.resumption())
      })
    }
    if (way.isBlocked) wait()
    else go(0)
  }

  #forgetClosed(): void {
    this.#open = this.#open.filter(({ client, server }) => !client.isClosed || !server.isClosed)
  }
}
