import type { Logger } from 'pino'
import { type Explanation, oneLine } from './failure.js'
import { type LogFormat, type LogLevel, textLine } from './log-lines.js'

export interface LogSettings {
  readonly format: LogFormat
  /** Absent: the command's own default. */
  readonly level?: LogLevel | undefined
}

/** Everything for people goes to stderr; nobody reading it is no reason to stop. */
export const writeStderr = (text: string): void => {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => {})
  process.stderr.write(text)
}

/** An error as never a stack trace, whatever field it is logged under. */
const plainError = (error: unknown): unknown =>
  error instanceof Error
    ? { message: error.message, ...('code' in error ? { code: error.code } : {}) }
    : error

/** pino, as plain lines or as JSON lines. Loaded only by commands that log. */
export const createLogger = async (
  { format, level }: LogSettings,
  defaultLevel: LogLevel,
): Promise<Logger> => {
  const { pino } = await import('pino')
  return pino(
    {
      level: level ?? defaultLevel,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: plainError, error: plainError, cause: plainError },
    },
    { write: (line: string) => writeStderr(format === 'json' ? line : textLine(line)) },
  )
}

/** What a command says of its own doing, such as which partitions it was given. */
export type Notice = (message: string, fields?: object) => void

/** Said at level info, unless a level above it was asked for. */
export const createNotice = ({ format, level }: LogSettings, logger: Logger): Notice => {
  if (format === 'json') {
    const notices = logger.child({}, { level: level ?? 'info' })
    return (message, fields = {}) => notices.info(fields, message)
  }
  const isHeard = level === undefined || level === 'info' || level === 'debug'
  return (message) => {
    if (isHeard) writeStderr(`streambus: ${oneLine(message)}\n`)
  }
}

/** The one line that a failing command ends with. */
export const writeError = ({ code, message }: Explanation, format: LogFormat): void => {
  writeStderr(
    format === 'json'
      ? `${JSON.stringify({ level: 'error', code, msg: message })}\n`
      : `streambus: ${message} (${code})\n`,
  )
}
