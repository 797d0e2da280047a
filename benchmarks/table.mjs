import { readFileSync, writeFileSync } from 'node:fs'

const BEGIN = '<!-- benchmark:begin -->'
const END = '<!-- benchmark:end -->'

const whole = (value) => Math.round(value).toLocaleString('en-US')

/** A Markdown table with its columns aligned, so that it reads well in a terminal too. */
export const markdownTable = (head, rows) => {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  )
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}

/** Records a second and CPU of several clients; `peers` says whom each is compared with. */
export const throughputTable = (results, peers) => {
  const rows = [...results].map(([name, result]) => {
    const peer = results.get(peers[name])
    const compared = (ratio) => (peer === undefined ? '' : `${ratio(peer).toFixed(1)} x`)
    return [
      name,
      whole(result.recordsPerSecond),
      `${whole(result.lowest)} - ${whole(result.highest)}`,
      compared(({ recordsPerSecond }) => result.recordsPerSecond / recordsPerSecond),
      result.cpuPerMillion.toFixed(2),
      compared(({ cpuPerMillion }) => cpuPerMillion / result.cpuPerMillion),
    ]
  })
  const head = ['', 'records/s', 'lowest - highest', 'faster', 'CPU s / million', 'less CPU']
  return markdownTable(head, rows)
}

export const idleTable = (results) =>
  markdownTable(
    ['', 'RSS MiB over baseline', 'heap MiB over baseline', 'CPU %'],
    [...results].map(([name, { rssMiB, heapMiB, cpuPercent }]) => [
      name,
      rssMiB.toFixed(1),
      heapMiB.toFixed(1),
      cpuPercent.toFixed(2),
    ]),
  )

/** Puts the text between the markers of the page and keeps the rest of it. */
export const writeBetweenMarkers = (file, text) => {
  const page = readFileSync(file, 'utf8')
  const from = page.indexOf(BEGIN)
  const to = page.indexOf(END)
  if (from < 0 || to < from) throw new Error(`${file}: no ${BEGIN} ... ${END} to write between`)
  writeFileSync(file, `${page.slice(0, from + BEGIN.length)}\n\n${text}\n\n${page.slice(to)}`)
}
