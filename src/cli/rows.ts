import type { CommandRun } from './command-run.js'
import { type Cell, table } from './table.js'

/** A list: as an aligned table for people, or each row as one JSON object a line. */
export const printRows = async <R>(
  { global, stdout }: Pick<CommandRun, 'global' | 'stdout'>,
  rows: readonly R[],
  columns: Readonly<Record<string, (row: R) => Cell>>,
): Promise<void> => {
  if (global.isJson) {
    await stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    return
  }
  const cells = rows.map((row) => Object.values(columns).map((cell) => cell(row)))
  await stdout.write(table(Object.keys(columns), cells))
}
