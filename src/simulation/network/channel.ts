import type { Gate } from '../time/gate.js'
import type { VirtualTimer } from '../time/timer-heap.js'
import type { VirtualTime } from '../time/virtual-time.js'
import type { Way } from './way.js'

interface InFlight<T> {
  readonly item: T
  readonly at: number
}

/**
 * One direction of one connection: first in, first out, as a stream is. A blockade stops what is
 * under way, too: it is sent again when the blockade ends.
 */
export class Channel<T> {
  readonly #time: VirtualTime
  readonly #way: Way
  readonly #receiver: Gate
  readonly #deliver: (item: T) => void
  readonly #leave: () => void
  #queue: InFlight<T>[] = []
  #held: T[] = []
  #lastAt = 0
  #sentAt = -1
  #timer: VirtualTimer | undefined
  #isBroken = false

  constructor(time: VirtualTime, way: Way, receiver: Gate, deliver: (item: T) => void) {
    this.#time = time
    this.#way = way
    this.#receiver = receiver
    this.#deliver = deliver
    this.#leave = way.whenUnblocked(() => this.#resume())
  }

  /** False when it can never arrive. */
  send(item: T): boolean {
    if (this.#isBroken) return false
    if (this.#way.isBlocked || this.#held.length > 0) this.#held.push(item)
    else this.#put(item, 0)
    return true
  }

  /** Nothing arrives any more, and nobody is told. What was under way is returned. */
  break(): readonly T[] {
    if (this.#isBroken) return []
    this.#isBroken = true
    this.#leave()
    if (this.#timer !== undefined) this.#timer.cancelled = true
    const lost = [...this.#queue.map(({ item }) => item), ...this.#held]
    this.#queue = []
    this.#held = []
    return lost
  }

  #put(item: T, extraMs: number): void {
    const { now } = this.#time
    // What is sent in one moment is one packet.
    const isSamePacket = this.#sentAt === now && this.#queue.length > 0
    const at = isSamePacket
      ? this.#lastAt
      : Math.max(this.#lastAt, now + this.#way.delay() + extraMs)
    this.#sentAt = now
    this.#lastAt = at
    this.#queue.push({ item, at })
    if (this.#timer === undefined) this.#arm()
  }

  #arm(): void {
    const [next] = this.#queue
    if (next === undefined || this.#isBroken) return
    const delay = next.at - this.#time.now
    this.#timer = this.#time.schedule(this.#receiver, delay, () => this.#arrive())
  }

  #arrive(): void {
    this.#timer = undefined
    if (this.#way.isBlocked) {
      this.#held = [...this.#queue.map(({ item }) => item), ...this.#held]
      this.#queue = []
      return
    }
    const { now } = this.#time
    // A microsecond of tolerance: times are rounded to it.
    while (this.#queue[0] !== undefined && this.#queue[0].at <= now + 0.001) {
      this.#deliver(this.#queue.shift()!.item)
      if (this.#isBroken) return
    }
    this.#arm()
  }

  #resume(): void {
    const held = this.#held
    this.#held = []
    const extraMs = this.#way.resumption()
    for (const item of held) this.#put(item, extraMs)
  }
}
