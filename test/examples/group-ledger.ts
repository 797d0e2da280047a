import type { ExampleProcess } from './example-process.js'

const OWNERSHIP = /\] (assigned|revoked|lost) (.*)$/
const RECORD = /\] record (\S+) offset=(\d+) key=user-\d+ value=\{.*\} time=\d{4}-\d\d-\d\dT\S+Z$/

/** What a member owns, by its own words. */
export const ownedBy = ({ lines }: ExampleProcess): string[] => {
  const owned = new Set<string>()
  for (const line of lines) {
    const match = OWNERSHIP.exec(line)
    if (match === null || match[2] === 'nothing') continue
    for (const partition of match[2]!.split(' ')) {
      if (match[1] === 'assigned') owned.add(partition)
      else owned.delete(partition)
    }
  }
  return [...owned].sort()
}

/** The records that a member printed, as `topic-partition@offset`; those before a line of it. */
export const recordsOf = ({ lines }: ExampleProcess, before = lines.length): string[] =>
  lines.slice(0, Math.max(0, before)).flatMap((line) => {
    const match = RECORD.exec(line)
    return match === null ? [] : [`${match[1]}@${match[2]}`]
  })

/** How many records the producer says it has put into each partition. */
export const producedBy = ({ lines }: ExampleProcess): Map<string, number> =>
  new Map(
    lines.flatMap((line): [string, number][] => {
      const match = /^ {2}(events-\d) {2}(\d+)$/.exec(line)
      return match === null ? [] : [[match[1]!, Number(match[2])]]
    }),
  )
