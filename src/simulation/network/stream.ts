import type { Gate } from '../time/gate.js'
import type { VirtualTime } from '../time/virtual-time.js'
import { Channel } from './channel.js'
import type { Way } from './way.js'

/** A process at one end: where it is, and what it runs behind. */
export interface Party {
  /** Its machine: what blockades are between. */
  readonly host: string
  /** The process itself, as traces name it. */
  readonly name: string
  readonly gate: Gate
}

/** Told of everything that moves on a stream, for the trace. */
export interface StreamTap<T> {
  /** `connection` is the same object for everything that moves on one stream. */
  readonly sent: (item: T, from: Party, to: Party, connection: object) => void
  readonly received: (item: T, from: Party, to: Party) => void
  readonly lost: (item: T, from: Party, to: Party) => void
}

type Parcel<T> =
  | { readonly is: 'item'; readonly item: T }
  | { readonly is: 'close'; readonly error: Error | undefined }

/** What an end knows of the way to the other one. */
interface Reach<T> {
  readonly time: VirtualTime
  readonly way: Way
  readonly channel: Channel<Parcel<T>>
  readonly other: StreamEnd<T>
  /** What both ends have in common: their identity. */
  readonly connection: object
}

/** One end of a two-way stream of items, as a socket is of bytes. */
export class StreamEnd<T> {
  readonly party: Party
  readonly peer: Party
  readonly #tap: StreamTap<T> | undefined
  readonly #early: T[] = []
  #reach: Reach<T> | undefined
  #onItem: ((item: T) => void) | undefined
  #onClose: ((error?: Error) => void) | undefined
  #isClosed = false
  /** Broken off in the middle of something: nothing is sent any more. */
  #isCut = false
  /** The machine at the other end is gone: what is sent there ends nowhere. */
  #void: { hasSent: boolean; isAnswered: boolean } | undefined

  private constructor(party: Party, peer: Party, tap: StreamTap<T> | undefined) {
    this.party = party
    this.peer = peer
    this.#tap = tap
  }

  /** Both ends of a stream: the client's, the server's. */
  static pair<T>(
    time: VirtualTime,
    [client, server]: readonly [Party, Party],
    [there, back]: readonly [Way, Way],
    tap?: StreamTap<T>,
  ): readonly [StreamEnd<T>, StreamEnd<T>] {
    const near = new StreamEnd<T>(client, server, tap)
    const far = new StreamEnd<T>(server, client, tap)
    const connection = {}
    const join = (from: StreamEnd<T>, other: StreamEnd<T>, way: Way): void => {
      const channel = new Channel<Parcel<T>>(time, way, other.party.gate, (parcel) =>
        other.#take(parcel),
      )
      from.#reach = { time, way, channel, other, connection }
    }
    join(near, far, there)
    join(far, near, back)
    return [near, far]
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  send(item: T): void {
    if (this.#isClosed) return
    const { channel, connection } = this.#reach!
    this.#tap?.sent(item, this.party, this.peer, connection)
    const isUnderWay =
      !this.#isCut && this.#void === undefined && channel.send({ is: 'item', item })
    if (isUnderWay) return
    this.#tap?.lost(item, this.party, this.peer)
    if (this.#void === undefined) return
    this.#void.hasSent = true
    if (this.#void.isAnswered) this.#refused()
  }

  onItem(listener: (item: T) => void): void {
    this.#onItem = listener
    for (const item of this.#early.splice(0)) listener(item)
  }

  /** Called once when the other end or the network closes it; not for this end's own doing. */
  onClose(listener: (error?: Error) => void): void {
    this.#onClose = listener
  }

  /** Orderly: what was sent still arrives, then the peer is told. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#reach!.channel.send({ is: 'close', error: undefined })
  }

  /** What was sent and has not arrived is lost; the peer is told if a packet gets through. */
  reset(why: string): void {
    if (this.#isClosed) return
    this.vanish()
    const { time, way, other } = this.#reach!
    if (way.isBlocked) return
    time.schedule(other.party.gate, way.delay(), () => other.#closed(new Error(why)))
  }

  /** The machine at this end is gone: nothing leaves any more, and nobody is told. */
  vanish(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { channel, other } = this.#reach!
    this.#lose(channel.break())
    other.#void ??= { hasSent: false, isAnswered: false }
  }

  /** A machine that knows nothing of this stream answers again at the other end: with a reset. */
  peerIsBack(): void {
    if (this.#isClosed || this.#void === undefined) return
    this.#void.isAnswered = true
    if (this.#void.hasSent) this.#refused()
  }

  #refused(): void {
    const { time, way } = this.#reach!
    const error = new Error('reset by the peer, which knows nothing of this connection')
    time.schedule(this.party.gate, 2 * way.delay(), () => this.#closed(error))
  }

  /** Something in between broke it: this end is told in a moment. */
  breakFromOutside(why: string): void {
    const { time, channel } = this.#reach!
    this.#lose(channel.break())
    time.schedule(this.party.gate, 0, () => this.#closed(new Error(why)))
  }

  /** Something in between resets it after what was sent so far: the peer has that, and no more. */
  breakOff(why: string): void {
    if (this.#isClosed || this.#isCut) return
    const { time, channel } = this.#reach!
    const error = new Error(why)
    channel.send({ is: 'close', error })
    this.#isCut = true
    time.schedule(this.party.gate, 0, () => this.#closed(error))
  }

  /** Nothing that is sent here arrives any more, and nobody is told. */
  goSilent(): void {
    this.#lose(this.#reach!.channel.break())
  }

  #take(parcel: Parcel<T>): void {
    if (parcel.is === 'close') {
      this.#closed(parcel.error)
    } else if (this.#isClosed) {
      this.#tap?.lost(parcel.item, this.peer, this.party)
    } else {
      this.#tap?.received(parcel.item, this.peer, this.party)
      if (this.#onItem === undefined) this.#early.push(parcel.item)
      else this.#onItem(parcel.item)
    }
  }

  #closed(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (!this.#isCut) this.#lose(this.#reach!.channel.break())
    this.#onClose?.(error)
  }

  #lose(parcels: readonly Parcel<T>[]): void {
    for (const parcel of parcels) {
      if (parcel.is === 'item') this.#tap?.lost(parcel.item, this.party, this.peer)
    }
  }
}
