import * as Schema from 'effect/Schema'
import { StreamBusError } from './errors.js'

/** Milliseconds, a whole number of at least one. */
export const DurationMs = Schema.Number.check(
  Schema.isInt(),
  Schema.isGreaterThanOrEqualTo(1),
  Schema.isLessThanOrEqualTo(2_147_483_647),
)
export const CountFrom = (least: number) =>
  Schema.Number.check(
    Schema.isInt(),
    Schema.isGreaterThanOrEqualTo(least),
    Schema.isLessThanOrEqualTo(Number.MAX_SAFE_INTEGER),
  )
export const Name = Schema.String.check(Schema.isMinLength(1))

/**
 * Checks options against a schema and names every wrong field in one line. Unknown fields are
 * errors too: a misspelt option that is silently ignored costs its user a day.
 */
export const validateOptions = <S extends Schema.ConstraintDecoder<unknown>>(
  what: string,
  schema: S,
  options: unknown,
): S['Type'] => {
  const checked = Schema.toStandardSchemaV1(schema, {
    parseOptions: { errors: 'all', onExcessProperty: 'error' },
  })['~standard'].validate(options)
  if (checked instanceof Promise) throw new Error('StreamBus defect: an asynchronous schema')
  if (checked.issues === undefined) return checked.value as S['Type']
  const found = checked.issues.map((issue) => {
    const path = (issue.path ?? [])
      .map((step) => String(typeof step === 'object' ? step.key : step))
      .join('.')
    const text = issue.message.startsWith('Expected no excess') ? 'no such option' : issue.message
    return { path, text: path === '' ? text : `${path}: ${text}` }
  })
  throw invalidConfig(what, [...new Set(found.map(({ text }) => text))].join('; '), found[0]?.path)
}

export const invalidConfig = (what: string, problem: string, field?: string): StreamBusError =>
  new StreamBusError('INVALID_CONFIG', `${what}: ${problem}`, field ? { field } : {})
