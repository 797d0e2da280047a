import { type Command, Option } from 'commander'
import { UsageError } from './failure.js'
import { type LogFormat, type LogLevel, logFormats, logLevels } from './log-lines.js'
import { milliseconds } from './option-values.js'

export interface GlobalOptions {
  readonly brokers: readonly string[]
  readonly isJson: boolean
  /** Undefined: not given, each use has its own default. */
  readonly timeoutMs: number | undefined
  readonly logFormat: LogFormat
  /** Undefined: not given, the command's own default holds. */
  readonly logLevel: LogLevel | undefined
}

/** How long to wait for brokers unless told otherwise. */
export const DEFAULT_TIMEOUT_MS = 10_000

/** Accepted before and after the command. */
export const addGlobalOptions = (program: Command): void => {
  program
    .addOption(
      new Option(
        '-b, --brokers <list>',
        'brokers to connect to, HOST:PORT separated by commas ' +
          '(default: $STREAMBUS_BROKERS, $KAFKA_BROKERS or localhost:9092)',
      ),
    )
    .option('--json', 'data on stdout as one JSON object a line')
    .addOption(
      new Option(
        '--timeout <ms>',
        'milliseconds to wait for brokers before giving up ' + `(default: ${DEFAULT_TIMEOUT_MS})`,
      ).argParser(milliseconds),
    )
    .addOption(
      new Option(
        '--log <format>',
        'logs on stderr as lines of text or of JSON (default: text)',
      ).choices(logFormats),
    )
    .addOption(
      new Option(
        '--log-level <level>',
        'default: $LOG_LEVEL, else info for broker and warn for ' + 'the others',
      ).choices(logLevels),
    )
}

interface Given {
  readonly brokers?: string
  readonly json?: true
  readonly timeout?: number
  readonly log?: LogFormat
  readonly logLevel?: LogLevel
}

/** Throws UsageError for an environment variable that makes no sense. */
export const globalOptionsOf = (
  command: Command,
  environment: NodeJS.ProcessEnv = process.env,
): GlobalOptions => {
  const given = command.optsWithGlobals<Given>()
  const { STREAMBUS_BROKERS, KAFKA_BROKERS } = environment
  const brokers = given.brokers ?? STREAMBUS_BROKERS ?? KAFKA_BROKERS ?? 'localhost:9092'
  return {
    brokers: brokers.split(',').map((address) => address.trim()),
    isJson: given.json === true,
    timeoutMs: given.timeout,
    logFormat: given.log ?? 'text',
    logLevel: given.logLevel ?? levelFrom(environment),
  }
}

const levelFrom = ({ LOG_LEVEL: text }: NodeJS.ProcessEnv): LogLevel | undefined => {
  if (text === undefined || text === '') return undefined
  const level = logLevels.find((each) => each === text)
  if (level !== undefined) return level
  throw new UsageError(`$LOG_LEVEL is '${text}': choose one of ${logLevels.join(', ')}`)
}
