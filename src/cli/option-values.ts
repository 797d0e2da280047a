import { InvalidArgumentError } from 'commander'

/** For commander: a whole number within limits, or a message that says what was expected. */
export const integer =
  (least: number, most: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value
    const limit = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `${least} to ${most}`
    throw new InvalidArgumentError(`Expected a whole number ${limit}.`)
  }

/** Milliseconds, at least one, within what a timer can hold. */
export const milliseconds = integer(1, 2_147_483_647)

/** For options that may be given several times. */
export const repeated =
  <T>(parse: (text: string) => T) =>
  (text: string, before: T[] = []): T[] => [...before, parse(text)]

/** `NAME:NUMBER`; the number may be left out. Names hold no colons. */
export const nameAndNumber =
  (what: string) =>
  (text: string): NameAndNumber => {
    const match = /^([^:\s]+)(?::(\d{1,9}))?$/.exec(text)
    if (match === null) throw new InvalidArgumentError(`Expected NAME or NAME:${what}.`)
    const [, name = '', number] = match
    return number === undefined ? { name } : { name, number: Number(number) }
  }

export interface NameAndNumber {
  readonly name: string
  readonly number?: number
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '0': '\0',
  '\\': '\\',
}

/** Text with `\n`, `\r`, `\t`, `\0`, `\\` and `\xHH` (one byte) as bytes, otherwise UTF-8. */
export const unescapeBytes = (text: string): Buffer =>
  Buffer.concat(
    text.split(/(\\x[0-9a-fA-F]{2}|\\[nrt0\\])/).map((part, at) => {
      if (at % 2 === 0) return Buffer.from(part)
      const hex = part.startsWith('\\x') ? part.slice(2) : undefined
      return hex === undefined ? Buffer.from(escapes[part[1]!]!) : Buffer.from(hex, 'hex')
    }),
  )
