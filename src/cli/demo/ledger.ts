import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Tally {
  /** Distinct records. */
  readonly processed: number
  readonly repeated: number
  readonly lost: number
  readonly outOfOrder: number
}

/**
 * Compares what the producer had acknowledged with what the workers wrote down before they
 * committed. Order is judged within one partition and one ownership: its offsets must increase.
 */
export const tally = (folder: string, acknowledged: ReadonlySet<string>): Tally => {
  const seen = new Set<string>()
  let lines = 0
  let outOfOrder = 0
  for (const name of readdirSync(folder)) {
    const last = new Map<string, number>()
    // What follows the last line end was cut off by the kill, before its commit.
    const whole = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1)
    for (const line of whole) {
      const [ownership, partition, offsetText] = line.split(' ')
      const offset = Number(offsetText)
      const place = `${ownership}/${partition}`
      if (offset <= (last.get(place) ?? -1)) outOfOrder++
      last.set(place, offset)
      seen.add(`${partition}:${offset}`)
      lines++
    }
  }
  let lost = 0
  for (const record of acknowledged) if (!seen.has(record)) lost++
  return { processed: seen.size, repeated: lines - seen.size, lost, outOfOrder }
}
