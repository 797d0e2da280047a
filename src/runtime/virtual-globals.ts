import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'
import type { Clock, TimerHandle } from './clock.js'

/** Time and chance for code that takes them from the language and from Node. */
export interface VirtualSource {
  readonly clock: Clock
  readonly random: () => number
}

type Run = (...args: unknown[]) => unknown

/** What `setTimeout` and `setInterval` return inside. */
class VirtualTimeout {
  readonly #clock: Clock
  readonly #delayMs: number
  readonly #repeats: boolean
  readonly #run: () => void
  #timer: TimerHandle | undefined

  constructor(clock: Clock, run: () => void, delayMs: number, repeats: boolean) {
    this.#clock = clock
    this.#run = run
    this.#delayMs = delayMs
    this.#repeats = repeats
    this.#arm()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  refresh(): this {
    this.close()
    this.#arm()
    return this
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #arm(): void {
    this.#timer = this.#clock.setTimeout(() => {
      if (this.#repeats) this.#arm()
      this.#run()
    }, this.#delayMs)
  }
}

const current = new AsyncLocalStorage<VirtualSource>()
const promises = createRequire(import.meta.url)('node:timers/promises') as {
  setTimeout: typeof import('node:timers/promises').setTimeout
}
let installations = 0
let restore: (() => void) | undefined

/**
 * `Date`, `Math.random`, `performance.now` and timers are virtual for what `run` calls and for what
 * that leaves behind, as promises go; everybody else has the real ones.
 */
export const withVirtualSource = <A>(source: VirtualSource, run: () => A): A =>
  current.run(source, run)

/** Needed once around everything that uses `withVirtualSource`. Returns the way back. */
export const installVirtualGlobals = (): (() => void) => {
  if (installations++ === 0) restore = install()
  let isRestored = false
  return () => {
    if (isRestored) return
    isRestored = true
    if (--installations === 0) restore?.()
  }
}

/** Taken at once: fake timers of a test that are put in later would never fire. */
const { setImmediate: realImmediate } = globalThis

/** Everything that is ready has run when it resolves, as far as no I/O is waited for. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => realImmediate(resolve))

const install = (): (() => void) => {
  const real = {
    Date: globalThis.Date,
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
    clearTimeout: globalThis.clearTimeout,
    clearInterval: globalThis.clearInterval,
    random: Math.random,
    now: performance.now,
    sleep: promises.setTimeout,
  }
  const timer = (original: typeof setTimeout | typeof setInterval, repeats: boolean): Run => {
    const set: Run = (run, delayMs, ...args) => {
      const source = current.getStore()
      if (source === undefined) {
        return (original as unknown as Run)(run, delayMs, ...args)
      }
      const delay = Math.max(1, Number(delayMs) || 0)
      const call = (): unknown => current.run(source, () => (run as Run)(...args))
      return new VirtualTimeout(source.clock, call, delay, repeats)
    }
    // What `promisify` gives for it is that of `timers/promises`, which is virtual, too.
    const promisified = Reflect.getOwnPropertyDescriptor(original, promisify.custom)
    if (promisified !== undefined) Object.defineProperty(set, promisify.custom, promisified)
    return set
  }
  const clear =
    (original: typeof clearTimeout): Run =>
    (handle) => {
      if (handle instanceof VirtualTimeout) handle.close()
      else original(handle as NodeJS.Timeout)
    }
  Object.assign(globalThis, {
    Date: virtualDate(real.Date),
    setTimeout: timer(real.setTimeout, false),
    setInterval: timer(real.setInterval, true),
    clearTimeout: clear(real.clearTimeout),
    clearInterval: clear(real.clearInterval),
  })
  Math.random = () => current.getStore()?.random() ?? real.random()
  performance.now = () => current.getStore()?.clock.elapsed() ?? real.now.call(performance)
  promises.setTimeout = ((delayMs, value, options) => {
    const source = current.getStore()
    if (source === undefined) return real.sleep(delayMs, value, options)
    return new Promise((resolve, reject) => {
      const { signal } = options ?? {}
      let timer: TimerHandle | undefined
      const abort = (): void => {
        source.clock.clearTimeout(timer)
        reject(aborted(signal?.reason))
      }
      const finish = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve(value as never)
      }
      timer = source.clock.setTimeout(finish, Math.max(1, delayMs ?? 0))
      if (signal?.aborted) abort()
      else signal?.addEventListener('abort', abort, { once: true })
    })
  }) as typeof promises.setTimeout
  syncBuiltinESMExports()
  return () => {
    const { random, now, sleep, ...globals } = real
    Object.assign(globalThis, globals)
    Math.random = random
    performance.now = now
    promises.setTimeout = sleep
    syncBuiltinESMExports()
  }
}

/** As Node's own. */
const aborted = (cause: unknown): Error =>
  Object.assign(new Error('The operation was aborted', { cause }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  })

const virtualDate = (real: DateConstructor): DateConstructor =>
  new Proxy(real, {
    construct: (target, args, newTarget) => {
      const source = current.getStore()
      const given = args.length === 0 && source !== undefined ? [source.clock.now()] : args
      return Reflect.construct(target, given, newTarget) as object
    },
    apply: (target) => {
      const source = current.getStore()
      return (source === undefined ? new target() : new target(source.clock.now())).toString()
    },
    get: (target, key) => {
      const source = current.getStore()
      if (key === 'now' && source !== undefined) return source.clock.now
      return Reflect.get(target, key) as unknown
    },
  })
