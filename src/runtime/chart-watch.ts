import type { AnyStateNode, InspectionEvent } from 'xstate'
import type { TraceCause, TransitionFrame } from '../domain/trace.js'

/** A chart's snapshot, as far as a trace looks into it. */
export interface WatchedSnapshot {
  readonly value: unknown
  readonly machine: { readonly id: string }
  readonly context: { readonly cause?: TraceCause | null }
}

export interface WatchedEvent {
  readonly type: string
  readonly output?: { readonly tag?: string }
}

export type ChartStep = Pick<
  TransitionFrame,
  'chart' | 'event' | 'from' | 'states' | 'taken' | 'ignored' | 'cause'
>

export type OnChartStep = (
  actor: string,
  step: ChartStep,
  event: WatchedEvent,
  snapshot: WatchedSnapshot,
) => void

interface Watched {
  readonly id: string
  value: unknown
  path: string
  cause: TraceCause | null | undefined
  taken: string[]
  isIgnored: boolean
}

/**
 * Turns XState's inspection events into steps of charts: which event came, what was active before
 * and after, and which transitions were taken. Effects that run as actors are no charts. Nothing of
 * XState's that is random (session ids, default ids) gets through.
 */
export class ChartWatch {
  readonly #watched = new WeakMap<object, Watched>()
  readonly #onStep: OnChartStep

  constructor(onStep: OnChartStep) {
    this.#onStep = onStep
  }

  see(event: InspectionEvent): void {
    if (event.type === '@xstate.microstep') this.#microstep(event)
    else if (event.type === '@xstate.snapshot') this.#snapshot(event)
  }

  /** `_transitions` is XState's own; test/runtime/chart-watch.test.ts pins what we read of it. */
  #microstep(event: Extract<InspectionEvent, { type: '@xstate.microstep' }>): void {
    const watched = this.#of(event.actorRef)
    for (const { source, target, eventType } of event._transitions) {
      if (eventType === '*') watched.isIgnored = true
      watched.taken.push(`${pathOf(source)} -> ${target?.map(pathOf).join(' + ') ?? 'stays'}`)
    }
  }

  #snapshot({ actorRef, event, snapshot }: Snapshotted): void {
    const now = snapshot as unknown as Partial<WatchedSnapshot>
    if (now.machine === undefined || event.type === 'xstate.stop') return
    const watched = this.#of(actorRef)
    const { path: from, taken, isIgnored } = watched
    if (watched.value !== now.value) {
      watched.value = now.value
      watched.path = statePath(now.value)
    }
    watched.taken = []
    watched.isIgnored = false
    const cause = now.context?.cause
    const hasNewCause = cause != null && cause !== watched.cause
    watched.cause = cause
    const step: ChartStep = {
      chart: now.machine.id,
      event: eventName(event),
      from,
      states: watched.path,
      taken,
      ...(isIgnored ? { ignored: true } : {}),
      ...(hasNewCause ? { cause } : {}),
    }
    this.#onStep(watched.id, step, event, now as WatchedSnapshot)
  }

  #of(actorRef: object): Watched {
    const known = this.#watched.get(actorRef)
    if (known !== undefined) return known
    const { id } = actorRef as { readonly id: string }
    const fresh = { id, value: undefined, path: '', cause: null, taken: [], isIgnored: false }
    this.#watched.set(actorRef, fresh)
    return fresh
  }
}

type Snapshotted = Extract<InspectionEvent, { type: '@xstate.snapshot' }>

/** `stable`, or `rebalancing.draining`. */
const statePath = (value: unknown): string => {
  if (typeof value === 'string') return value
  return Object.entries(value as Record<string, unknown>)
    .map(([name, inner]) => `${name}.${statePath(inner)}`)
    .join(' & ')
}

const pathOf = ({ path, key }: AnyStateNode): string => (path.length === 0 ? key : path.join('.'))

const DONE = 'xstate.done.actor.'
const ERROR = 'xstate.error.actor.'
const AFTER = 'xstate.after.'

/** In the words of the tables of legal transitions: `joinGroup: joined`, `after retryBackoff`. */
const eventName = ({ type, output }: WatchedEvent): string => {
  if (type.startsWith(DONE)) return `${type.slice(DONE.length)}: ${output?.tag ?? 'done'}`
  if (type.startsWith(ERROR)) return `${type.slice(ERROR.length)}: defect`
  if (type.startsWith(AFTER)) return `after ${type.slice(AFTER.length).split('.')[0]}`
  return type === 'xstate.init' ? 'init' : type
}
