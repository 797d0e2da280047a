import { oneLine } from './failure.js'

export const logFormats = ['text', 'json'] as const
export type LogFormat = (typeof logFormats)[number]

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

interface LogEntry {
  readonly level: string
  readonly time: number
  readonly msg?: string
  readonly err?: { readonly message?: string }
  readonly error?: { readonly message?: string }
  readonly cause?: { readonly message?: string }
}

/** `12:34:56.789 info  listening on 127.0.0.1:9092`: one line of pino's JSON, for people. */
export const textLine = (json: string): string => {
  const { level, time, msg = '', err, error, cause }: LogEntry = JSON.parse(json)
  const reason = (err ?? error ?? cause)?.message
  const why = reason === undefined || msg.includes(reason) ? '' : `: ${reason}`
  return `${clockTime(time)} ${level.padEnd(5)} ${oneLine(msg + why)}\n`
}

const clockTime = (timeMs: number): string => {
  const at = new Date(timeMs)
  const two = (number: number): string => String(number).padStart(2, '0')
  const milliseconds = String(at.getMilliseconds()).padStart(3, '0')
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${milliseconds}`
}
