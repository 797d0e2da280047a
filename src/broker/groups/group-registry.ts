import type { StoredGroup } from '../../machines/group-coordinator/stored-group.js'
import type { Store } from '../store/store.js'
import { GroupHost, type GroupHostParts } from './group-host.js'
import { loadGroup, storedGroups } from './group-store.js'

/** The groups this broker coordinates: all of them, each an actor of its own. */
export class GroupRegistry {
  readonly #hosts = new Map<string, GroupHost>()
  readonly #parts: GroupHostParts
  readonly #store: Store
  #closed = false

  constructor(parts: Omit<GroupHostParts, 'onForgettable'>, store: Store) {
    this.#parts = { ...parts, onForgettable: (host) => this.#forget(host) }
    this.#store = store
    for (const stored of storedGroups(store)) this.#add(stored.groupId, stored)
  }

  get closed(): boolean {
    return this.#closed
  }

  find(groupId: string): GroupHost | undefined {
    return this.#hosts.get(groupId)
  }

  findOrCreate(groupId: string): GroupHost {
    return this.#hosts.get(groupId) ?? this.#add(groupId, undefined)
  }

  all(): GroupHost[] {
    return [...this.#hosts.values()]
  }

  /** The group is deleted, its actor is dead. */
  remove(host: GroupHost): void {
    if (this.#hosts.get(host.groupId) === host) this.#hosts.delete(host.groupId)
    host.stop()
  }

  /** Back to what the store has: after a deletion that could not be stored. */
  reload(groupId: string): void {
    const stored = loadGroup(this.#store, groupId)
    if (stored !== undefined && !this.#hosts.has(groupId) && !this.#closed) {
      this.#add(groupId, stored)
    }
  }

  close(): void {
    this.#closed = true
    for (const host of this.#hosts.values()) host.stop()
    this.#hosts.clear()
  }

  #add(groupId: string, stored: StoredGroup | undefined): GroupHost {
    const host = new GroupHost(groupId, this.#parts, stored)
    this.#hosts.set(groupId, host)
    return host
  }

  #forget(host: GroupHost): void {
    if (this.#hosts.get(host.groupId) !== host) return
    this.#hosts.delete(host.groupId)
    host.discard()
    this.reload(host.groupId)
  }
}
