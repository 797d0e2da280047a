import * as EffectClock from 'effect/Clock'
import * as Context from 'effect/Context'
import * as Duration from 'effect/Duration'
import * as Effect from 'effect/Effect'
import type * as Fiber from 'effect/Fiber'
import * as EffectRandom from 'effect/Random'
import * as Scheduler from 'effect/Scheduler'
import {
  type Actor,
  type AnyActorLogic,
  createActor,
  type InputFrom,
  type InspectionEvent,
} from 'xstate'
import { type Clock, realClock } from './clock.js'

export type Inspect = (event: InspectionEvent) => void

/** What XState takes to be watched by: a function, or an observer as Stately's inspectors give. */
export type Inspector = Inspect | { readonly next?: Inspect }

export interface ActorSettings<L extends AnyActorLogic> {
  /** Stable and given by us: XState's own ids and session ids are random. */
  readonly id: string
  readonly input?: InputFrom<L>
  readonly inspect?: Inspect | undefined
}

/**
 * Where XState and Effect meet: one clock, one random, one way to run an Effect or an actor.
 * Everything of ours that takes time or chance takes it from here.
 */
export interface Runtime {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** For the public façade only: core code stays in Effects and callbacks. */
  readonly promise: <A, E>(effect: Effect.Effect<A, E>, signal?: AbortSignal) => Promise<A>
  /** A root actor, not yet started. */
  readonly actor: <L extends AnyActorLogic>(logic: L, settings: ActorSettings<L>) => Actor<L>
}

export interface RuntimeParts {
  readonly clock: Clock
  readonly random: () => number
  /** Absent: Effect's own. */
  readonly scheduler?: Scheduler.Scheduler
}

export const makeRuntime = (parts: RuntimeParts): Runtime => {
  const services = servicesOf(parts)
  const run: Runtime['run'] = (effect) => Effect.runForkWith(services)(effect)
  return {
    clock: parts.clock,
    random: parts.random,
    run,
    promise: (effect, signal) =>
      Effect.runPromiseWith(services)(effect, signal === undefined ? undefined : { signal }),
    actor: (logic, { id, input, inspect }) =>
      createActor(logic, {
        id,
        input,
        clock: parts.clock,
        ...(inspect === undefined ? {} : { inspect }),
        // biome-ignore lint/suspicious/noExplicitAny: XState's conditional options type.
      } as any) as Actor<typeof logic>,
  }
}

let shared: Runtime | undefined

/** The production runtime; one for the process is enough, since it holds no state. */
export const realRuntime = (): Runtime => {
  shared ??= makeRuntime({ clock: realClock, random: () => Math.random() })
  return shared
}

const servicesOf = ({ clock, random, scheduler }: RuntimeParts): Context.Context<never> => {
  if (scheduler === undefined) return Context.empty()
  let services: Context.Context<never> = Context.empty()
  services = Context.add(services, EffectClock.Clock, effectClock(clock)) as Context.Context<never>
  services = Context.add(services, Scheduler.Scheduler, scheduler) as Context.Context<never>
  return Context.add(services, EffectRandom.Random, {
    nextIntUnsafe: () => Math.floor(random() * Number.MAX_SAFE_INTEGER),
    nextDoubleUnsafe: random,
  }) as Context.Context<never>
}

const effectClock = (clock: Clock): EffectClock.Clock => {
  const nanos = (milliseconds: number): bigint => BigInt(Math.round(milliseconds * 1e6))
  return {
    currentTimeMillisUnsafe: clock.now,
    currentTimeMillis: Effect.sync(clock.now),
    currentTimeNanosUnsafe: () => nanos(clock.now()),
    currentTimeNanos: Effect.sync(() => nanos(clock.now())),
    monotonicTimeNanosUnsafe: () => nanos(clock.elapsed()),
    monotonicTimeNanos: Effect.sync(() => nanos(clock.elapsed())),
    sleep: (duration) => {
      const milliseconds = Duration.toMillis(duration)
      if (!Number.isFinite(milliseconds)) return Effect.never
      return Effect.callback<void>((resume) => {
        const timer = clock.setTimeout(() => resume(Effect.void), milliseconds)
        return Effect.sync(() => clock.clearTimeout(timer))
      })
    },
  }
}
