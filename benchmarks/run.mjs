// Measures StreamBus beside kafkajs, and writes the table into docs/performance.md:
//   npm run bench [-- --quick]     --quick: small counts, writes nothing
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  CONSUME_PEERS,
  measureConsume,
  measureIdle,
  measureProduce,
  PRODUCE_PEERS,
} from './scenarios.mjs'
import { describeSettings, settingsFor } from './settings.mjs'
import { idleTable, throughputTable, writeBetweenMarkers } from './table.mjs'

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const settings = settingsFor(options.quick)
const say = (line) => process.stderr.write(`${line}\n`)

const kafkajsVersion = JSON.parse(
  readFileSync(new URL('../node_modules/kafkajs/package.json', import.meta.url), 'utf8'),
).version

const commit = () => {
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    const changed = git('status', '--porcelain', '--', 'src') === '' ? '' : ' with changes'
    return `${git('rev-parse', '--short', 'HEAD')}${changed}`
  } catch {
    return 'no commit'
  }
}

const machine = () => {
  const [{ model }] = cpus()
  return `${cpus().length} cores (${model.trim()}), Node ${process.versions.node}`
}

const parts = [
  `Measured ${new Date().toISOString().slice(0, 10)} at ${commit()}: ${machine()}, ` +
    `kafkajs ${kafkajsVersion}. The embedded broker (in memory) and each client run in processes ` +
    'of their own; CPU is that of the client alone unless said otherwise.',
  describeSettings(settings)
    .map((line) => `- ${line}`)
    .join('\n'),
]

for (const size of settings.sizes) {
  say(`produce ${size.name}`)
  const results = await measureProduce(settings, size, say)
  parts.push(`### Produce, ${size.name}`, throughputTable(results, PRODUCE_PEERS))
}
for (const size of settings.sizes) {
  say(`consume ${size.name}`)
  const { results, events } = await measureConsume(settings, size, say)
  parts.push(
    `### Consume, ${size.name}`,
    throughputTable(results, CONSUME_PEERS),
    `Machine events per million records: ${Math.round(events.perMillion).toLocaleString('en-US')}.`,
  )
}
say('idle')
const idle = await measureIdle(settings, say)
const { partitions, seconds } = settings.idle
parts.push(
  `### One idle consumer with ${partitions.toLocaleString('en-US')} partitions, over ${seconds} s`,
  idleTable(idle),
)

const text = parts.join('\n\n')
process.stdout.write(`${text}\n`)
if (!options.quick) {
  const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url))
  writeBetweenMarkers(page, text)
  say('written into docs/performance.md')
}
