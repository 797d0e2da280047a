import type { Command } from 'commander'
import type { Logger } from 'pino'
import type { Admin } from '../admin/admin.js'
import type { Bus } from '../connect.js'
import { StreamBusError } from '../domain/errors.js'
import { realClock } from '../runtime/clock.js'
import { explain } from './failure.js'
import { DEFAULT_TIMEOUT_MS, type GlobalOptions, globalOptionsOf } from './global-options.js'
import { Interruption, type InterruptionSettings } from './interruption.js'
import type { LogLevel } from './log-lines.js'
import { createLogger, createNotice, type Notice, writeError } from './logging.js'
import { Stdout } from './stdout.js'

/** What every command works with. */
export interface CommandRun {
  readonly global: GlobalOptions
  readonly stdout: Stdout
  readonly logger: Logger
  readonly notice: Notice
  readonly interruption: Interruption
}

export interface ActionSettings extends Partial<InterruptionSettings> {
  /** Default 'warn'. */
  readonly logLevel?: LogLevel
}

export type Action<O> = (run: CommandRun, args: readonly string[], options: O) => Promise<void>

/**
 * Makes a commander action: its arguments as they were given, its own options, and what every
 * command shares. It ends with Interrupted when a signal came, however well it finished.
 */
export const action = <O>(body: Action<O>, settings: ActionSettings = {}) =>
  async function run(this: Command): Promise<void> {
    const { logLevel = 'warn', isGraceful = false, ...rest } = settings
    const interruption = new Interruption({ isGraceful, ...rest })
    const global = globalOptionsOf(this)
    const logging = { format: global.logFormat, level: global.logLevel }
    const logger = await createLogger(logging, logLevel)
    const notice = createNotice(logging, logger)
    const stdout = new Stdout()
    const work = body({ global, stdout, logger, notice, interruption }, this.args, this.opts() as O)
    await work.catch((error: unknown) => {
      // After a signal only what it could not finish is news; the exit code is the signal's.
      const explanation = interruption.signal.aborted ? explain(error) : undefined
      if (explanation === undefined) throw error
      writeError(explanation, global.logFormat)
    })
    interruption.throwIfInterrupted()
  }

/**
 * Connects, works, and closes, also when the work fails; its own error comes before one of
 * closing. The client library is loaded here and not before: `--help` has no need of it.
 */
export const withBus = async <A>(
  { global, interruption }: CommandRun,
  work: (bus: Bus) => Promise<A>,
): Promise<A> => {
  const { connect } = await import('../connect.js')
  const timeoutMs = global.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const connecting = connect({
    brokers: global.brokers,
    clientId: 'streambus-cli',
    connectTimeoutMs: timeoutMs,
    requestTimeoutMs: timeoutMs,
  })
  const bus = await interruption.orInterrupted(connecting)
  let result: A
  try {
    result = await work(bus)
  } catch (error) {
    await bus.close().catch(() => {})
    throw error
  }
  await bus.close()
  return result
}

/** `withBus` for one question or order to the cluster, bounded by `--timeout` as a whole. */
export const withAdmin = <A>(run: CommandRun, work: (admin: Admin) => Promise<A>): Promise<A> =>
  withBus(run, (bus) => withDeadline(run.global.timeoutMs ?? DEFAULT_TIMEOUT_MS, work(bus.admin())))

const withDeadline = async <A>(timeoutMs: number, work: Promise<A>): Promise<A> => {
  let timer: object | undefined
  const late = new Promise<never>((_, reject) => {
    timer = realClock.setTimeout(() => {
      const text = `the brokers did not answer within ${timeoutMs} ms; raise --timeout to wait longer`
      reject(new StreamBusError('REQUEST_TIMED_OUT', text, { retriable: true }))
    }, timeoutMs)
  })
  return Promise.race([work, late]).finally(() => realClock.clearTimeout(timer))
}
