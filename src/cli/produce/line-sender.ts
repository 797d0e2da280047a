import { isStreamBusError, StreamBusError } from '../../domain/errors.js'
import type { ProducerRecord } from '../../domain/record.js'
import type { Producer } from '../../producer/producer.js'

/** Sends that may be open at once; below the producer's own buffer, where it would wait. */
const MOST_OPEN_LINES = 20_000
const MOST_OPEN_BYTES = 16 * 1024 * 1024

export interface LineSenderSettings {
  readonly producer: Pick<Producer, 'send'>
  readonly topic: string
  /** Between key and value; undefined: no keys. */
  readonly delimiter?: Buffer | undefined
  readonly partition?: number | undefined
  /** Once, at the first line that fails: to stop the input. */
  readonly onFailure?: () => void
}

interface Failure {
  readonly line: number
  readonly error: unknown
}

/** Sends lines as records and keeps account of each: acknowledged or failed. */
export class LineSender {
  readonly #settings: LineSenderSettings
  #openLines = 0
  #openBytes = 0
  #first: Failure | undefined
  #wake: (() => void) | undefined
  lines = 0
  acknowledged = 0
  failed = 0

  constructor(settings: LineSenderSettings) {
    this.#settings = settings
  }

  /** No more should be sent: a line has failed. */
  get hasFailed(): boolean {
    return this.#first !== undefined
  }

  send(line: Buffer): void {
    const number = ++this.lines
    const { producer, topic } = this.#settings
    this.#openLines += 1
    this.#openBytes += line.length
    producer.send(topic, this.#record(line)).then(
      () => {
        this.acknowledged += 1
        this.#settled(line)
      },
      (error: unknown) => {
        this.failed += 1
        if (this.#first === undefined) this.#settings.onFailure?.()
        if (number < (this.#first?.line ?? Number.POSITIVE_INFINITY)) {
          this.#first = { line: number, error }
        }
        this.#settled(line)
      },
    )
  }

  /** Resolves when there is room for more, or a line has failed. */
  async room(): Promise<void> {
    const isFull = (): boolean =>
      this.#openLines >= MOST_OPEN_LINES || this.#openBytes >= MOST_OPEN_BYTES
    while (isFull() && !this.hasFailed) await this.#change()
  }

  /** Resolves when each line was acknowledged or has failed. */
  async settled(): Promise<void> {
    while (this.#openLines > 0) await this.#change()
  }

  /** What became of the lines. */
  account(): string {
    const { acknowledged, failed } = this
    return `${acknowledged} lines acknowledged${failed === 0 ? '' : `, ${failed} failed`}`
  }

  /** The first line that failed, as an error naming it and what became of the others. */
  failure(): unknown {
    if (this.#first === undefined) return undefined
    const { line, error } = this.#first
    if (!isStreamBusError(error)) return error
    const text = `line ${line}: ${error.message} (${this.account()}, no line after ${this.lines} sent)`
    return new StreamBusError(error.code, text, { ...error.address, cause: error })
  }

  #record(line: Buffer): ProducerRecord {
    const { delimiter, partition } = this.#settings
    const where = partition === undefined ? {} : { partition }
    const at = delimiter === undefined ? -1 : line.indexOf(delimiter)
    if (at < 0) return { value: line, ...where }
    return { key: line.subarray(0, at), value: line.subarray(at + delimiter!.length), ...where }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #settled(line: Buffer): void {
    this.#openLines -= 1
    this.#openBytes -= line.length
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
