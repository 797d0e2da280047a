export type Cell = string | number | null
export type Row = Readonly<Record<string, Cell>>

/**
 * Aligned columns under their names, two blanks between; numbers to the right, null as `-`.
 * Nothing but plain text, so it can be piped.
 */
export const table = (columns: readonly string[], rows: readonly (readonly Cell[])[]): string => {
  const texts = rows.map((row) => row.map((cell) => (cell === null ? '-' : String(cell))))
  const widths = columns.map((name, at) =>
    Math.max(name.length, ...texts.map((row) => row[at]!.length)),
  )
  const toRight = columns.map(
    (_, at) => rows.length > 0 && rows.every((row) => typeof row[at] !== 'string'),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (toRight[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd()
  return [columns, ...texts].map((cells) => `${line(cells)}\n`).join('')
}
