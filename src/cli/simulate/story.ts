import type { Frame } from '../../domain/trace.js'
import type { Trace } from '../../domain/trace-text.js'
import type { Violation } from '../../simulation/checkers/checker.js'
import { describePlan, describeSteps } from '../../simulation/plan/describe-plan.js'
import type { Plan } from '../../simulation/plan/plan.js'
import { describeFrame } from '../../simulation/trace/describe-frame.js'
import type { Replay } from '../../simulation/trace/replay.js'
import { stateAt } from '../../simulation/trace/state-at.js'
import type { CommandRun } from '../command-run.js'

type Output = Pick<CommandRun, 'global' | 'stdout'>

export interface StoryOptions {
  readonly until: number | undefined
  readonly isWithMessages: boolean
}

/** Without a handler that only its test has. */
export const canReplay = ({ members }: Plan): boolean =>
  !members.some(({ style }) => style === 'handler')

/** Frames up to a frame, and how things stand there. */
export const tellStory = async (
  { global, stdout }: Output,
  { header, frames }: Trace,
  { until = Number.POSITIVE_INFINITY, isWithMessages }: StoryOptions,
): Promise<void> => {
  const told = frames.filter(({ seq }) => seq <= until)
  if (global.isJson) {
    await stdout.write(told.map((frame) => `${JSON.stringify(frame)}\n`).join(''))
    return
  }
  const plan = header.plan as Plan | undefined
  const begin = plan === undefined ? [] : [describePlan(plan), ...describeSteps(plan.steps), '']
  const lines = told.filter((frame) => isWithMessages || isOfInterest(frame)).map(describeFrame)
  await stdout.line([...begin, ...lines].join('\n'))
  if (Number.isFinite(until)) await stdout.line(`\n${standing(frames, until)}`)
}

const UNINTERESTING = new Set(['write', 'flush'])

const isOfInterest = (frame: Frame): boolean =>
  frame.kind !== 'message' && !(frame.kind === 'fact' && UNINTERESTING.has(frame.fact))

const standing = (frames: readonly Frame[], until: number): string => {
  const { charts, held } = stateAt(frames, until)
  return [
    `after frame ${until}:`,
    ...[...charts].map(([actor, states]) => `  ${actor} is ${states}`),
    ...[...held].map(([process, partitions]) => `  ${process} holds ${partitions.join(', ')}`),
  ].join('\n')
}

export const tellOutcome = async (
  { global, stdout }: Output,
  { outcome, difference, frames }: Replay,
): Promise<void> => {
  const { violations } = outcome
  if (global.isJson) {
    await stdout.json({ frames: frames.length, isSame: difference === undefined, violations })
    return
  }
  const lines = violations.map(inWords)
  if (difference === undefined) lines.push(`${frames.length} frames, the same as recorded`)
  else {
    const { seq, recorded = 'none', now = 'none' } = difference
    lines.push(`frame ${seq} was`, `  ${recorded}`, 'and is', `  ${now}`)
  }
  await stdout.line(`\n${lines.join('\n')}`)
}

/** Of a run that is told as it was recorded. */
export const tellViolations = async (
  { global, stdout }: Output,
  violations: readonly Violation[],
): Promise<void> => {
  if (global.isJson) await stdout.json({ violations })
  else if (violations.length > 0) await stdout.line(`\n${violations.map(inWords).join('\n')}`)
}

const inWords = ({ rule, what, seq }: Violation): string => `${rule}: ${what} (frame ${seq})`
