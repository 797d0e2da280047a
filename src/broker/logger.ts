type Log = (fields: object, message: string) => void

/** What the broker logs to: a pino logger fits. Default: silence, as befits a library. */
export interface Logger {
  readonly debug: Log
  readonly info: Log
  readonly warn: Log
  readonly error: Log
}

const nothing: Log = () => {}

export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
}
