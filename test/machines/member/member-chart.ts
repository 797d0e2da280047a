import type { MemberInput } from '../../../src/machines/member/context.js'
import type { MemberPath } from '../../../src/machines/member/legal-transitions.js'
import { type MemberMachine, memberMachine } from '../../../src/machines/member/member-machine.js'
import { pureSteps, type Steps } from '../pure-steps.js'
import type { Fault } from '../rule.js'
import { type Detail, type Exploration, explore, type Watch } from './exploration.js'
import { type AnyEvent, done, joined, subscribe, synced } from './member-events.js'
import { pathOf, type Snapshot, type Step, spawned } from './member-snapshot.js'

export interface StepEffects {
  readonly at: MemberPath
  readonly started: readonly { readonly src: string; readonly input: object }[]
  /** Cut off, by the actors' names; one that has ended is not cut off. */
  readonly stopped: readonly string[]
  readonly snapshot: Snapshot
}

export const baseInput: MemberInput = {
  groupId: 'group',
  groupInstanceId: null,
  rebalanceProtocol: 'cooperative',
  topics: ['a', 'b'],
  assign: [],
  jitter: 0.5,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
}

export const byHand = { groupId: null, topics: [], assign: [{ topic: 'a', partition: 0 }] }

interface Options {
  readonly detail?: Detail
  readonly steps?: Steps<Snapshot>
}

/** A member chart under test, stepped purely: the one that we ship or one changed on purpose. */
export class MemberChart {
  readonly machine: MemberMachine
  readonly #detail: Detail
  readonly #steps: Steps<Snapshot>
  #explored: Exploration | undefined

  constructor(machine: MemberMachine = memberMachine, options: Options = {}) {
    this.machine = machine
    this.#detail = options.detail ?? 'fine'
    this.#steps = options.steps ?? pureSteps<Snapshot>(machine, baseInput)
  }

  start(input: Partial<MemberInput> = {}): Snapshot {
    return this.#steps.initial({ ...baseInput, ...input })[0]
  }

  step(snapshot: Snapshot, event: AnyEvent): Step {
    const [next, actions] = this.#steps.next(snapshot, event)
    return { snapshot: next, actions }
  }

  play(from: Snapshot, ...events: readonly AnyEvent[]): Snapshot {
    return events.reduce((at, event) => this.step(at, event).snapshot, from)
  }

  effects(from: Snapshot, event: AnyEvent): StepEffects {
    const { snapshot, actions } = this.step(from, event)
    const stopped = actions.flatMap(({ type, params }) => {
      const id =
        type === 'xstate.stopChild' ? (params as { id?: string } | undefined)?.id : undefined
      return id === undefined || id === event.actorId ? [] : [id]
    })
    return { at: pathOf(snapshot.value), started: spawned(actions), stopped, snapshot }
  }

  stable(protocol: 'eager' | 'cooperative', ...owned: readonly object[]): Snapshot {
    return this.play(
      this.start({ rebalanceProtocol: protocol }),
      subscribe,
      done('findCoordinator', { tag: 'found' }),
      done('joinGroup', joined(1)),
      synced(...owned),
      done('assignPartitions', { tag: 'called' }),
    )
  }

  /** Every place that members of each kind can reach, by every event that can come. */
  get explored(): Exploration {
    this.exploreUnless()
    return this.#explored!
  }

  /** Explores, unless the watch finds something on the way. */
  exploreUnless(watch?: Watch): Fault | undefined {
    if (this.#explored !== undefined) return undefined
    const kinds = [{}, { rebalanceProtocol: 'eager' }, byHand] as const
    const starts = kinds.map((input) => this.start(input))
    const found = explore(this, starts, this.#detail, watch)
    if (!('nodes' in found)) return found
    this.#explored = found
    return undefined
  }
}
