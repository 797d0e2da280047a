import { type Address, sameAddress } from '../tcp/address.js'
import type { BrokerNode, Purpose } from '../transport.js'
import type { BrokerConnection, ConnectionFactory } from './broker-connection.js'

/** A broker by its id, or a bootstrap address by its place in the list. */
export type Place =
  | { readonly type: 'node'; readonly nodeId: number }
  | { readonly type: 'bootstrap'; readonly index: number }

export interface PoolSettings {
  readonly factory: ConnectionFactory
  readonly bootstrap: readonly Address[]
  readonly nodeConnectTimeoutMs: number
  readonly bootstrapConnectTimeoutMs: number
}

interface Pooled {
  readonly connection: BrokerConnection
  readonly nodeId: number | undefined
  readonly purpose: Purpose
  readonly owner: string | undefined
}

/** The connections of one client: one for each place, purpose and owner. */
export class ConnectionPool {
  readonly #settings: PoolSettings
  readonly #pooled = new Map<string, Pooled>()
  readonly #addresses = new Map<number, Address>()

  constructor(settings: PoolSettings) {
    this.#settings = settings
  }

  get(place: Place, purpose: Purpose, owner?: string): BrokerConnection {
    const name = place.type === 'node' ? `node ${place.nodeId}` : `bootstrap ${place.index}`
    const key = `${name}/${purpose}/${owner ?? ''}`
    const known = this.#pooled.get(key)
    if (known !== undefined) return known.connection
    const { factory, nodeConnectTimeoutMs, bootstrapConnectTimeoutMs } = this.#settings
    const connection = factory({
      name,
      address: () => this.addressOf(place),
      purpose,
      owner,
      connectTimeoutMs: place.type === 'node' ? nodeConnectTimeoutMs : bootstrapConnectTimeoutMs,
    })
    const nodeId = place.type === 'node' ? place.nodeId : undefined
    this.#pooled.set(key, { connection, nodeId, purpose, owner })
    return connection
  }

  addressOf(place: Place): Address {
    const address =
      place.type === 'node'
        ? this.#addresses.get(place.nodeId)
        : this.#settings.bootstrap[place.index]
    if (address === undefined) throw new Error('StreamBus defect: a place without an address')
    return address
  }

  /** A broker keeps its id when it comes back under another address; connections follow. */
  learn({ nodeId, host, port }: BrokerNode): void {
    const before = this.#addresses.get(nodeId)
    const address = { host, port }
    this.#addresses.set(nodeId, address)
    if (before === undefined || sameAddress(before, address)) return
    for (const pooled of [...this.#pooled.values()]) {
      if (pooled.nodeId === nodeId) pooled.connection.addressChanged()
    }
  }

  /** Brokers that left the cluster: what still works is kept, the rest is not tried again. */
  retain(nodes: ReadonlyMap<number, BrokerNode>): void {
    this.#closeWhere(
      ({ nodeId, connection }) =>
        nodeId !== undefined && !nodes.has(nodeId) && connection.health().state !== 'ready',
    )
  }

  release(owner: string, purpose?: Purpose): void {
    this.#closeWhere(
      (pooled) => pooled.owner === owner && (purpose === undefined || pooled.purpose === purpose),
    )
  }

  close(): void {
    this.#closeWhere(() => true)
  }

  get size(): number {
    return this.#pooled.size
  }

  #closeWhere(condition: (pooled: Pooled) => boolean): void {
    for (const [key, pooled] of [...this.#pooled]) {
      if (!condition(pooled)) continue
      this.#pooled.delete(key)
      pooled.connection.close()
    }
  }
}
