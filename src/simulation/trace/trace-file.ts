import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { StreamBusError } from '../../domain/errors.js'
import type { Frame, TraceHeader } from '../../domain/trace.js'
import { TRACE_VERSION } from '../../domain/trace.js'
import { parseTrace, type Trace, traceText } from '../../domain/trace-text.js'
import { type Plan, parsePlan } from '../plan/plan.js'
import { judgePlan, type Outcome } from '../run/outcome.js'
import { machineHash } from './machine-hash.js'

const FOLDER = '.streambus/traces'

export const headerOf = (plan: Plan): TraceHeader => ({
  v: TRACE_VERSION,
  machineHash: machineHash(),
  seed: plan.seed,
  clock: 'virtual',
  process: 'simulation',
  // Parsed, so that the bytes are the same wherever the plan came from.
  plan: parsePlan(plan),
})

/** Runs a plan and keeps its trace. */
export const recordPlan = (plan: Plan): { readonly outcome: Outcome; readonly trace: Trace } => {
  const frames: Frame[] = []
  const outcome = judgePlan(plan, (frame) => frames.push(frame))
  return { outcome, trace: { header: headerOf(plan), frames } }
}

/** Where the trace of a seed that broke a rule is written, seen from the working directory. */
export const traceFileOf = (seed: number): string => join(FOLDER, `${seed}.jsonl`)

/** Folders are made as needed. What it throws names the file. */
export const writeTraceFile = (file: string, trace: Trace): void => {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, traceText(trace))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw Object.assign(new Error(`cannot write the trace ${file}: ${code}`), { code })
  }
}

/** For the trace of a failure, which is worth telling without it, too: why it is not there. */
export const whyNotWritten = (file: string, trace: Trace): string | undefined => {
  try {
    writeTraceFile(file, trace)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Errors: TRACE_NOT_FOUND, INVALID_TRACE. */
export const readTraceFile = (file: string): Trace => parseTrace(textOf(file), file)

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new StreamBusError('TRACE_NOT_FOUND', `cannot read the trace ${file}: ${code}`)
  }
}

/** The plan that a simulation's trace was made from. Errors: INVALID_TRACE. */
export const planOf = ({ header }: Trace, file: string): Plan => {
  if (header.plan === undefined) {
    const why = 'it holds no plan: only a trace of a simulation can be run again'
    throw new StreamBusError('INVALID_TRACE', `${file}: ${why}`)
  }
  try {
    return parsePlan(header.plan)
  } catch (error) {
    throw new StreamBusError('INVALID_TRACE', `${file}, line 1: ${(error as Error).message}`)
  }
}

/** The plan in a trace file's header, for `simulate`. Errors: TRACE_NOT_FOUND, INVALID_TRACE. */
export const readPlan = (file: string): Plan => planOf(readTraceFile(file), file)
