import * as Cause from 'effect/Cause'
import * as Exit from 'effect/Exit'
import type * as Fiber from 'effect/Fiber'
import type {
  ActorLogic,
  ActorSystem,
  AnyActorRef,
  EventObject,
  NonReducibleUnknown,
  Snapshot,
} from 'xstate'

type EffectSnapshot<A, I> = Snapshot<A> & { readonly input: I | undefined }
const EXITED = 'effect.exited'
type Exited = { readonly type: typeof EXITED; readonly exit: Exit.Exit<unknown, unknown> }

// biome-ignore lint/suspicious/noExplicitAny: XState's own name for "any system".
type AnyActorSystem = ActorSystem<any>

export type EffectLogic<A, I> = ActorLogic<EffectSnapshot<A, I>, EventObject, I, AnyActorSystem>

export interface EffectArgs<I> {
  readonly input: I
  /** The machine that invoked this effect: long-lived effects report to it by events. */
  readonly parent: AnyActorRef | undefined
}

/**
 * An Effect as an XState actor: started with it, interrupted when the actor stops. Expected
 * failures belong into the success value (a tagged outcome); whatever else escapes is a defect
 * and reaches the machine as `onError`.
 *
 * A fiber may finish while `start` still runs (Effects run synchronously up to their first wait),
 * so the exit is sent as an event to the actor itself, which XState queues.
 */
export const fromEffect = <A, E, I = NonReducibleUnknown>(
  run: (args: EffectArgs<I>) => Fiber.Fiber<A, E>,
): EffectLogic<A, I> => {
  const fibers = new WeakMap<object, Fiber.Fiber<A, E>>()
  return {
    getInitialSnapshot: (_, input) => ({
      status: 'active',
      output: undefined,
      error: undefined,
      input,
    }),
    start: (snapshot, { self }) => {
      if (snapshot.status !== 'active') return
      const fiber = run({ input: snapshot.input as I, parent: self._parent })
      fibers.set(self, fiber)
      fiber.addObserver((exit) => {
        fibers.delete(self)
        if (self.getSnapshot().status === 'active') self.send({ type: EXITED, exit } as Exited)
      })
    },
    transition: (snapshot, event, { self }) => {
      if (snapshot.status !== 'active') return snapshot
      if (event.type === EXITED) return exited(snapshot, (event as Exited).exit as Exit.Exit<A, E>)
      if (event.type !== 'xstate.stop') return snapshot
      const fiber = fibers.get(self)
      fibers.delete(self)
      fiber?.interruptUnsafe()
      return { ...snapshot, status: 'stopped', input: undefined } as EffectSnapshot<A, I>
    },
    getPersistedSnapshot: (snapshot) => snapshot,
  }
}

const exited = <A, I>(
  snapshot: EffectSnapshot<A, I>,
  exit: Exit.Exit<A, unknown>,
): EffectSnapshot<A, I> =>
  (Exit.isSuccess(exit)
    ? { ...snapshot, status: 'done', output: exit.value, input: undefined, error: undefined }
    : {
        ...snapshot,
        status: 'error',
        error: Cause.squash(exit.cause),
        input: undefined,
      }) as EffectSnapshot<A, I>
