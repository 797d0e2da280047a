import { StreamBusError } from './errors.js'
import { type Frame, TRACE_VERSION, type TraceHeader } from './trace.js'

export interface Trace {
  readonly header: TraceHeader
  readonly frames: readonly Frame[]
}

/** JSON Lines: the header, then a frame a line, in the order in which it happened. */
export const traceText = ({ header, frames }: Trace): string =>
  `${[header, ...frames].map((line) => JSON.stringify(line)).join('\n')}\n`

/** `where` names the trace in errors. Throws INVALID_TRACE. */
export const parseTrace = (text: string, where: string): Trace => {
  const [first, ...rest] = text.split('\n')
  const header = parseLine(first ?? '', where, 1) as Partial<TraceHeader>
  if (header.v !== TRACE_VERSION) {
    const found = header.v === undefined ? 'no version' : `version ${String(header.v)}`
    throw invalidTrace(where, 1, `a header of version ${TRACE_VERSION} is needed, found ${found}`)
  }
  const frames: Frame[] = []
  rest.forEach((line, index) => {
    if (line === '' && index === rest.length - 1) return
    const frame = parseLine(line, where, index + 2) as Partial<Frame>
    if (frame.seq !== index || typeof frame.kind !== 'string') {
      throw invalidTrace(where, index + 2, `frame ${index} is needed, found ${line.slice(0, 60)}`)
    }
    frames.push(frame as Frame)
  })
  return { header: header as TraceHeader, frames }
}

const parseLine = (line: string, where: string, number: number): object => {
  try {
    const parsed: unknown = JSON.parse(line)
    if (typeof parsed === 'object' && parsed !== null) return parsed
  } catch {
    // Said below.
  }
  throw invalidTrace(where, number, `no JSON object: ${line.slice(0, 60) || 'the line is empty'}`)
}

const invalidTrace = (where: string, line: number, why: string): StreamBusError =>
  new StreamBusError('INVALID_TRACE', `${where}, line ${line}: ${why}`)
