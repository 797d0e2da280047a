import type { ConsumerRecord, Header } from '../../domain/record.js'

/** Which record: the numbers of a partition's records count from 0, whatever their offsets. */
export interface RecordPlace {
  readonly topic: string
  readonly partition: number
  readonly id: number
}

export interface RecordContent {
  readonly key?: string | Buffer | null
  readonly value: string | Buffer | null
}

/** What a record holds. It must give the same for the same place. */
export type MakeRecord = (place: RecordPlace) => RecordContent

/** Where a record's number is, so that checkers know which one it is. */
const ID_HEADER = 'simulation-id'

export const numberedRecord: MakeRecord = ({ id }) => ({ value: String(id) })

interface MadeRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
}

export const recordOf = (make: MakeRecord, place: RecordPlace): MadeRecord => {
  const { key = null, value } = make(place)
  // The plain ones are their numbers; a header on each would only cost time.
  const headers: Header[] =
    make === numberedRecord ? [] : [[ID_HEADER, Buffer.from(String(place.id))]]
  return { key: bytesOf(key), value: bytesOf(value), headers }
}

export const idOf = ({ headers, value }: Pick<ConsumerRecord, 'headers' | 'value'>): number => {
  const header = headers.length === 0 ? undefined : headers.find(([key]) => key === ID_HEADER)
  const bytes = header?.[1] ?? value
  return bytes === null ? -1 : Number(bytes.toString('latin1'))
}

/** What is wrong with what a record's maker gives, by its first record; undefined: nothing. */
export const faultOf = (make: MakeRecord): string | undefined => {
  let made: Partial<RecordContent> | undefined
  try {
    made = make({ topic: 'topic-0', partition: 0, id: 0 })
  } catch (error) {
    return `it threw: ${error instanceof Error ? error.message : String(error)}`
  }
  if (typeof made !== 'object' || made === null) return `Expected { key, value }, got ${made}`
  const { key = null, value } = made
  for (const [name, given] of Object.entries({ key, value })) {
    if (given === null || typeof given === 'string' || Buffer.isBuffer(given)) continue
    return `Expected a string, a Buffer or null as its ${name}, got ${typeof given}`
  }
  return undefined
}

const bytesOf = (content: string | Buffer | null): Buffer | null =>
  typeof content === 'string' ? Buffer.from(content) : content
