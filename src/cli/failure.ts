import { type ErrorCode, isStreamBusError } from '../domain/errors.js'

/** Part of the contract (docs): scripts rely on these numbers. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  violated: 5,
} as const

/** The command line itself is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A signal ended the command; there is nothing to explain. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly exitCode: number

  constructor(signal: NodeJS.Signals, exitCode: number) {
    super(`interrupted by ${signal}`)
    this.exitCode = exitCode
  }
}

/** A rule was broken in a simulation; what was broken is told already. */
export class Violated extends Error {
  override readonly name = 'Violated'

  constructor(violated: number, runs: number) {
    const where = runs === 1 ? 'the run' : `${violated} of ${runs} runs`
    super(`a rule was broken in ${where}`)
  }
}

/** Whoever read our stdout is gone (`| head`): we are done, and quietly so. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

const exitCodesOf: Partial<Record<ErrorCode, number>> = {
  INVALID_CONFIG: exitCodes.usage,
  INVALID_ARGUMENT: exitCodes.usage,
  UNKNOWN_TOPIC: exitCodes.notFound,
  UNKNOWN_GROUP: exitCodes.notFound,
  TRACE_NOT_FOUND: exitCodes.notFound,
  INVALID_TRACE: exitCodes.usage,
  BROKER_UNREACHABLE: exitCodes.unreachable,
  REQUEST_TIMED_OUT: exitCodes.unreachable,
  CONNECTION_CLOSED: exitCodes.unreachable,
  CLOSE_TIMED_OUT: exitCodes.unreachable,
}

export const exitCodeOf = (error: unknown): number => {
  if (error instanceof Interrupted) return error.exitCode
  if (error instanceof OutputClosed) return exitCodes.ok
  if (error instanceof UsageError) return exitCodes.usage
  if (error instanceof Violated) return exitCodes.violated
  return isStreamBusError(error) ? (exitCodesOf[error.code] ?? exitCodes.failed) : exitCodes.failed
}

export interface Explanation {
  readonly code: string
  readonly message: string
}

const UNREACHABLE_HINT = '; check --brokers, or start a broker: npx --no-install streambus broker'

/** What to tell people about an error; undefined when there is nothing to tell. */
export const explain = (error: unknown): Explanation | undefined => {
  if (error instanceof Interrupted || error instanceof OutputClosed) return undefined
  if (error instanceof UsageError) return { code: 'USAGE', message: oneLine(error.message) }
  if (error instanceof Violated) return { code: 'VIOLATED', message: error.message }
  if (isStreamBusError(error)) {
    const hint = error.code === 'BROKER_UNREACHABLE' ? UNREACHABLE_HINT : ''
    return { code: error.code, message: oneLine(error.message) + hint }
  }
  const message = oneLine(error instanceof Error ? error.message : String(error))
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  return code === undefined
    ? { code: 'INTERNAL_ERROR', message: `a defect of streambus: ${message}` }
    : { code, message }
}

export const oneLine = (text: string): string => text.replace(/\s*[\r\n]+\s*/g, ' ').trim()
