import type { Command } from 'commander'
import type { Logger } from 'pino'
import type { Bus } from '../connect.js'
import { DEFAULT_TIMEOUT_MS, type GlobalOptions, globalOptionsOf } from './global-options.js'
import { Interruption, type InterruptionSettings } from './interruption.js'
import type { LogLevel } from './log-lines.js'
import { createLogger, createNotice, type Notice } from './logging.js'
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
    await body({ global, stdout, logger, notice, interruption }, this.args, this.opts() as O)
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
