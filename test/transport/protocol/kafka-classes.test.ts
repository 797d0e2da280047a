import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyMessage } from '../../../src/transport/protocol/api.js'
import {
  type ApiName,
  apis,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type RequestInput,
  type ResponseInput,
} from '../../../src/transport/protocol/registry.js'
import type { Fields } from '../../../src/transport/protocol/schema.js'
import { type Direction, everyVersion, messageArbitrary } from './message-arbitrary.js'

/**
 * Frames that the message classes of Kafka 4.1.0 (kafka-clients) read and wrote again without a
 * difference, with the JSON that Kafka's own converters made of them.
 *
 * To compare random messages with Kafka's classes, and to make the file anew (needs a JDK and
 * kafka-clients, slf4j-api, jackson-databind, -core, -annotations on the class path):
 *
 *     KAFKA_CLASSPATH=a.jar:b.jar npx vitest run test/transport/protocol/kafka-classes.test.ts
 */
const GOLDEN = new URL('./golden/kafka-4.1.0.jsonl', import.meta.url)

interface Sample {
  readonly api: ApiName
  readonly direction: Direction
  readonly version: number
  /** Hex, without the size. */
  readonly frame: string
}

interface Golden extends Sample {
  readonly kafka: Readonly<Record<string, unknown>>
}

const decode = ({ api, direction, version, frame }: Sample) => {
  const bytes = Buffer.from(frame, 'hex')
  return direction === 'request' ? decodeRequest(bytes) : decodeResponse(api, version, bytes)
}

/** Where Kafka's JSON says something else than we do. What Kafka leaves out is not compared. */
const differences = (kafka: unknown, ours: unknown, at: string): string[] => {
  if (Array.isArray(kafka)) {
    const list = ours as readonly unknown[]
    if (list.length !== kafka.length) return [`${at}: ${list.length} elements, not ${kafka.length}`]
    return kafka.flatMap((element, i) => differences(element, list[i], `${at}[${i}]`))
  }
  if (typeof kafka === 'object' && kafka !== null) {
    const fields = ours as Readonly<Record<string, unknown>>
    return Object.entries(kafka).flatMap(([name, value]) => {
      if (name !== 'recordsSizeInBytes') return differences(value, fields[name], `${at}.${name}`)
      return differences(value, (fields.records as Buffer).length, `${at}.records.length`)
    })
  }
  const own = Buffer.isBuffer(ours) ? ours.toString('base64') : ours
  return String(own) === String(kafka) ? [] : [`${at}: ${String(own)}, not ${String(kafka)}`]
}

const goldens = readFileSync(GOLDEN, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): Golden => JSON.parse(line))

describe.each(goldens)('$api v$version $direction as Kafka writes it', (golden) => {
  const { api, direction, version, frame, kafka } = golden
  it('is read as Kafka reads it, and written back byte for byte', () => {
    const decoded = decode(golden)
    expect(differences(kafka, decoded.body, '')).toEqual([])
    const bytes =
      direction === 'request'
        ? encodeRequest(
            api,
            version,
            { correlationId: decoded.correlationId, clientId: 'golden' },
            decoded.body as RequestInput<ApiName>,
          )
        : encodeResponse(
            api,
            version,
            decoded.correlationId,
            decoded.body as ResponseInput<ApiName>,
          )
    expect(bytes.toString('hex', 4)).toBe(frame)
  })
})

it('has a frame of every API, direction and shape', () => {
  const covered = new Set(goldens.map(({ api, direction }) => `${api} ${direction}`))
  expect(covered.size).toBe(2 * Object.keys(apis).length)
  expect(goldens.length).toBeGreaterThan(150)
})

/** What a version looks like: versions of the same shape need one golden frame. */
const shapeOf = (fields: Fields, version: number): string =>
  Object.entries(fields)
    .filter(([, { options }]) => version >= (options.since ?? 0))
    .filter(([, { options }]) => version <= (options.until ?? version))
    .map(([name, { type, options }]) => {
      const inner = type.kind === 'array' ? type.element : type
      const nested = inner.kind === 'struct' ? shapeOf(inner.fields, version) : inner.kind
      return `${name}:${type.kind}(${nested})${version >= (options.nullableSince ?? 0)}`
    })
    .join()

const frameOf = (api: ApiName, version: number, direction: Direction, value: unknown): Buffer =>
  direction === 'request'
    ? encodeRequest(
        api,
        version,
        { correlationId: 7, clientId: 'golden' },
        value as RequestInput<ApiName>,
      )
    : encodeResponse(api, version, 7, value as ResponseInput<ApiName>)

const randomSamples = (numRuns: number): Sample[] =>
  everyVersion.flatMap(([api, version]) =>
    (['request', 'response'] as const).flatMap((direction) =>
      fc
        .sample(messageArbitrary(api, version, direction), { numRuns, seed: 41 })
        .map((value) => frameOf(api, version, direction, value))
        .map((frame) => ({ api, direction, version, frame: frame.toString('hex', 4) })),
    ),
  )

/** What Kafka's classes say to each sample: a verdict and the JSON. */
const askKafka = (classPath: string, samples: readonly Sample[]) => {
  const directory = mkdtempSync(join(tmpdir(), 'streambus-golden-'))
  try {
    const source = new URL('./golden/KafkaMessages.java', import.meta.url).pathname
    execFileSync('javac', ['-cp', classPath, '-d', directory, source])
    const input = samples.map(({ api, direction, version, frame }) => {
      const kind = direction === 'request' ? 'Request' : 'Response'
      return `${api} ${kind} ${version} ${apis[api].key} ${frame}\n`
    })
    const answers = execFileSync('java', ['-cp', `${classPath}:${directory}`, 'KafkaMessages'], {
      input: input.join(''),
      maxBuffer: 2 ** 30,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    return answers.split('\n').slice(0, samples.length)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** int64 values that a JSON number would round become strings. */
const parseExactly = (json: string): Golden['kafka'] =>
  JSON.parse(json.replace(/([:[,])(-?\d{16,})(?=[,\]}])/g, '$1"$2"'))

/** The most telling sample is the one with the most fields, not the one with the longest text. */
const fieldCount = (golden: Golden | undefined): number =>
  golden === undefined ? -1 : JSON.stringify(golden.kafka).split('":').length

const classPath = process.env.KAFKA_CLASSPATH

it.skipIf(classPath === undefined)('agrees with Kafka about random messages', () => {
  const samples = randomSamples(60)
  const answers = askKafka(classPath!, samples)
  const agreed: Golden[] = []
  const refused: string[] = []
  for (const [i, sample] of samples.entries()) {
    const [verdict, json] = answers[i]!.split('\t')
    if (verdict === 'SAME') agreed.push({ ...sample, kafka: parseExactly(json!) })
    // Kafka refuses a tag that it knows from another version; we keep it as unknown.
    else if (!/Tag \d is not valid for version/.test(verdict!)) refused.push(verdict!)
  }
  expect(refused).toEqual([])
  for (const golden of agreed) {
    expect(differences(golden.kafka, decode(golden).body, golden.api)).toEqual([])
  }
  const best = new Map<string, Golden>()
  for (const golden of agreed) {
    const { api, direction, version, frame } = golden
    const message: AnyMessage = apis[api][direction]
    const flexible = version >= (apis[api].flexibleFrom ?? Number.POSITIVE_INFINITY)
    const key = `${api} ${direction} ${flexible} ${shapeOf(message.type.fields, version)}`
    const known = best.get(key)
    if (frame.length <= 600 && fieldCount(golden) > fieldCount(known)) best.set(key, golden)
  }
  writeFileSync(GOLDEN, [...best.values()].map((golden) => `${JSON.stringify(golden)}\n`).join(''))
})
