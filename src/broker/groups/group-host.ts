import * as Effect from 'effect/Effect'
import type { Actor } from 'xstate'
import type { GroupContext, GroupSettings } from '../../machines/group-coordinator/context.js'
import { emptyContext } from '../../machines/group-coordinator/context.js'
import { errorReply } from '../../machines/group-coordinator/draft.js'
import type {
  GroupEmitted,
  GroupReply,
  GroupRequest,
  ReplyTo,
} from '../../machines/group-coordinator/events.js'
import type { GroupCoordinatorMachine } from '../../machines/group-coordinator/group-coordinator-machine.js'
import type { LastRebalance } from '../../machines/group-coordinator/rebalance-cause.js'
import { type StoredGroup, storedGroup } from '../../machines/group-coordinator/stored-group.js'
import type { Inspect, Runtime } from '../../runtime/runtime.js'
import type { Logger } from '../logger.js'
import type { Mutation } from '../store/store.js'
import type { DurableWrites } from './durable-writes.js'
import { groupChart } from './group-chart.js'
import { putGroup } from './group-store.js'

export type GroupState = 'empty' | 'preparingRebalance' | 'completingRebalance' | 'stable' | 'dead'

/** A completed rebalance, for logs, the CLI and the demo. */
export interface RebalanceReport extends LastRebalance {
  readonly groupId: string
  readonly members: number
  readonly leaderId: string | null
}

export interface GroupHostParts {
  readonly runtime: Runtime
  readonly writes: DurableWrites
  readonly logger: Logger
  readonly settings: GroupSettings
  readonly onRebalance?: ((report: RebalanceReport) => void) | undefined
  readonly inspect?: Inspect | undefined
  /** Default: that of production. Mutation tests put a changed one in its place. */
  readonly chart?: typeof groupChart | undefined
  /** The group holds nothing that anybody could miss, or its actor broke. */
  readonly onForgettable: (host: GroupHost) => void
}

type Request<T extends GroupRequest['type']> = Omit<
  Extract<GroupRequest, { readonly type: T }>,
  'type' | 'requestId'
>

interface Waiting {
  readonly request: GroupRequest
  readonly answer: (reply: GroupReply) => void
}

/**
 * One coordinator actor with what it needs of the world: timers by the runtime's clock, storage,
 * and the parked requests. A request whose connection closes is interrupted: its reply then goes
 * nowhere, the machine is not told (see the chart).
 */
export class GroupHost {
  readonly groupId: string
  readonly #parts: GroupHostParts
  readonly #actor: Actor<GroupCoordinatorMachine>
  readonly #waiting = new Map<string, Waiting>()
  #nextRequest = 1
  /** A write of the group's own entry was issued (writes become durable in that order). */
  #isStored: boolean
  #isKept: boolean

  constructor(groupId: string, parts: GroupHostParts, stored?: StoredGroup) {
    this.groupId = groupId
    this.#parts = parts
    this.#isStored = stored !== undefined
    this.#isKept = stored !== undefined
    const { runtime, settings, inspect, chart = groupChart } = parts
    const host = { runtime, persist: (group: StoredGroup) => this.#store(group) }
    this.#actor = chart.actor(host, {
      id: `group/${groupId}`,
      input: stored === undefined ? { groupId, settings } : { groupId, settings, stored },
      inspect,
    })
    this.#listen()
    this.#actor.start()
  }

  get state(): GroupState {
    const { value } = this.#actor.getSnapshot()
    return (typeof value === 'string' ? value : Object.keys(value)[0]) as GroupState
  }

  get context(): GroupContext {
    return this.#actor.getSnapshot().context
  }

  ask<T extends GroupRequest['type']>(type: T, request: Request<T>): Effect.Effect<ReplyTo[T]> {
    return Effect.callback<ReplyTo[T]>((resume) => {
      const requestId = String(this.#nextRequest++)
      const numbered = { ...request, type, requestId } as unknown as GroupRequest
      const answer = (reply: GroupReply): void => resume(Effect.succeed(reply as ReplyTo[T]))
      this.#waiting.set(requestId, { request: numbered, answer })
      this.#actor.send(numbered)
      return Effect.sync(() => this.#waiting.delete(requestId))
    })
  }

  /** What has to be written with the group's first offsets, so that a restart knows the group. */
  firstEntry(): readonly Mutation[] {
    this.#isKept = true
    if (this.#isStored) return []
    this.#isStored = true
    return [putGroup(storedGroup(emptyContext(this.groupId, this.#parts.settings)))]
  }

  /** Offsets are about to be committed: the group is not to be forgotten. */
  keep(): void {
    this.#isKept = true
  }

  /** Sends away whoever waits and ends all timers. */
  stop(): void {
    if (this.state !== 'dead') this.#actor.send({ type: 'group.unload' })
    this.discard()
  }

  /** As `stop`, for an actor that is in the middle of a step or broken: it takes no more events. */
  discard(): void {
    this.#actor.stop()
    this.#sendAwayWaiting()
  }

  #listen(): void {
    const actor = this.#actor
    const { groupId } = this
    const { logger, onRebalance, onForgettable } = this.#parts
    actor.on('reply', ({ type: _type, requestId, ...reply }) => {
      const waiting = this.#waiting.get(requestId)
      this.#waiting.delete(requestId)
      waiting?.answer(reply as GroupReply)
    })
    actor.on('emptied', ({ group }) => this.#storeEmpty(group))
    actor.on('rebalanced', ({ rebalance, members, leaderId }) => {
      const report = { groupId, ...rebalance, members, leaderId }
      logger.info({ ...report }, rebalanceLine(report))
      try {
        onRebalance?.(report)
      } catch (error) {
        logger.warn({ groupId, error }, `group ${groupId}: onRebalance threw`)
      }
    })
    actor.on('ignored', ({ event }: Extract<GroupEmitted, { type: 'ignored' }>) => {
      logger.debug({ groupId, event, state: this.state }, 'group coordinator: event out of place')
    })
    actor.subscribe({
      next: () => {
        if (this.#isForgettable()) onForgettable(this)
      },
      error: (error) => {
        logger.error(
          { groupId, error },
          `group ${groupId}: coordinator defect, reloading the group`,
        )
        this.#sendAwayWaiting()
        onForgettable(this)
      },
    })
  }

  /** Whom a stopped machine can answer no more: a request that came while it was stopping. */
  #sendAwayWaiting(): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { request, answer } of waiting) answer(errorReply(request, 'NOT_COORDINATOR'))
  }

  /** Nothing of it was ever stored, and nobody is there: made by a request that came to nothing. */
  #isForgettable(): boolean {
    if (this.#isKept || this.#waiting.size > 0 || this.state !== 'empty') return false
    const { generation, pending } = this.context
    return generation === 0 && pending.size === 0
  }

  #store(group: StoredGroup): ReturnType<DurableWrites['write']> {
    this.#isStored = true
    this.#isKept = true
    return Effect.tap(this.#parts.writes.write([putGroup(group)]), (outcome) => {
      if (outcome.tag === 'stored') return Effect.void
      return Effect.sync(() =>
        this.#parts.logger.error(
          { groupId: group.groupId, generation: group.generation },
          `group ${group.groupId}: generation ${group.generation} not stored: ${outcome.message}`,
        ),
      )
    })
  }

  /**
   * Nobody waits for this write. Should it be lost, a restart brings the last members back, and
   * their sessions end them.
   */
  #storeEmpty(group: StoredGroup): void {
    this.#parts.runtime.run(this.#store(group))
  }
}

const rebalanceLine = ({ groupId, generation, members, cause, omittedCauses }: RebalanceReport) => {
  const [first] = cause
  const who = first === undefined ? 'no cause recorded' : `${first.what}: ${first.memberId}`
  const more = cause.length - 1 + omittedCauses
  const count = `${members} ${members === 1 ? 'member' : 'members'}`
  const why = more > 0 ? `${who} and ${more} more` : who
  return `group ${groupId} generation ${generation}, ${count} (${why})`
}
