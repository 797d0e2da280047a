import { type ErrorCode, StreamBusError } from '../../domain/errors.js'

/** Kafka's form of the all-zero id: "no topic id". */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Strings are at most this many bytes, also in their compact form (Kafka's generated readers). */
export const MAX_STRING_BYTES = 0x7fff

/**
 * What is wrong at one place of a message. Codecs add the field path on the way out (nothing is
 * tracked while all is well), and the top level turns it into the one-line error that users see.
 */
export class WireFault extends StreamBusError {
  /** Outermost first; array indexes are in brackets. */
  readonly path: string[] = []
  readonly reason: string

  constructor(code: ErrorCode, reason: string) {
    super(code, reason)
    this.reason = reason
  }

  /** `topics[3].name`; empty for the message itself. */
  get field(): string {
    return this.path.join('.').replaceAll('.[', '[')
  }
}

/** Runs a codec over one message; its faults come out naming the message and the field. */
export const naming = <T>(what: string, run: () => T): T => {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof WireFault)) throw error
    const { field } = error
    throw new StreamBusError(
      error.code,
      `${what}: ${field === '' ? '' : `${field}: `}${error.reason}`,
      field === '' ? {} : { field },
    )
  }
}
