/** Which node coordinates which group and leads which partition; what changes hands, and when. */
export class Roles {
  readonly #nodeIds: readonly number[]
  readonly #coordinators = new Map<string, number>()
  readonly #leaders = new Map<string, number>()
  /** How many partitions of a topic clients are told of, where it is not all. */
  readonly #visible = new Map<string, number>()
  /** Groups whose new coordinator still reads their state. */
  readonly loading = new Set<string>()
  /** What a node that has not heard of changes still tells, until it is removed here. */
  readonly stale = new Map<number, { readonly leaders: ReadonlyMap<string, number> }>()

  constructor(nodeIds: readonly number[]) {
    this.#nodeIds = nodeIds
  }

  coordinatorOf(group: string): number {
    return this.#coordinators.get(group) ?? this.#byPlace(group.length)
  }

  leaderOf(topic: string, partition: number, toldBy?: number): number {
    const key = `${topic}-${partition}`
    const told = toldBy === undefined ? undefined : this.stale.get(toldBy)
    return (told?.leaders ?? this.#leaders).get(key) ?? this.#byPlace(partition)
  }

  moveCoordinator(group: string, to: number): void {
    this.#coordinators.set(group, to)
  }

  moveLeader(topic: string, partition: number, to: number): void {
    this.#leaders.set(`${topic}-${partition}`, to)
  }

  visible(topic: string): number {
    return this.#visible.get(topic) ?? Number.POSITIVE_INFINITY
  }

  /** A topic grows: partitions that were there all the time are told of. */
  show(topic: string, partitions: number): void {
    this.#visible.set(topic, partitions)
  }

  /** From now on this node tells of the leaders as they are at this moment. */
  freezeMetadata(nodeId: number): void {
    this.stale.set(nodeId, { leaders: new Map(this.#leaders) })
  }

  #byPlace(place: number): number {
    return this.#nodeIds[place % this.#nodeIds.length]!
  }
}
