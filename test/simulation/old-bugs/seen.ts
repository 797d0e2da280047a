import type { FactName, FactOf } from '../../../src/domain/facts.js'
import type { Frame, MessageFrame, TransitionFrame } from '../../../src/domain/trace.js'

/** Whether something occurred in a run. */
export type Sees = (frames: readonly Frame[]) => boolean
type FactFrame<N extends FactName> = Extract<Frame, { kind: 'fact' }> & FactOf<N>

export const factsOf = <N extends FactName>(frames: readonly Frame[], name: N): FactFrame<N>[] =>
  frames.filter((frame) => frame.kind === 'fact' && frame.fact === name) as FactFrame<N>[]

/** Steps of a process's member chart, the ignored ones left out. */
export const stepsOf = (frames: readonly Frame[], process: string): TransitionFrame[] =>
  frames.filter(
    (frame): frame is TransitionFrame =>
      frame.kind === 'transition' &&
      frame.chart === 'member' &&
      frame.process === process &&
      frame.ignored !== true,
  )

/** A member's chart took an event in one state and was in another one after it. */
export const stepped =
  (process: string, event: string, from: string, to: string): Sees =>
  (frames) =>
    stepsOf(frames, process).some(
      (step) => step.event === event && step.from === from && step.states.startsWith(to),
    )

export interface Stay {
  readonly since: number
  readonly until: number
}

/** When a member's chart was in a state, or in one within it. */
export const staysIn = (frames: readonly Frame[], process: string, state: string): Stay[] => {
  const stays: Stay[] = []
  let since: number | undefined
  for (const { t, states } of stepsOf(frames, process)) {
    const isIn = states.startsWith(state)
    if (isIn) since ??= t
    else if (since !== undefined) {
      stays.push({ since, until: t })
      since = undefined
    }
  }
  return stays
}

export const requests = (frames: readonly Frame[], process: string, api: string): MessageFrame[] =>
  frames.filter(
    (frame): frame is MessageFrame =>
      frame.kind === 'message' &&
      frame.process === process &&
      frame.api === api &&
      frame.way === 'send' &&
      frame.is === 'request',
  )

/** The names under which a process was given its part. */
export const namesOf = (frames: readonly Frame[], process: string): string[] => [
  ...new Set(
    factsOf(frames, 'synced')
      .filter((frame) => frame.process === process)
      .map(({ member }) => member),
  ),
]

/** Records were handed out by a process at some time in between. */
export const deliversBetween = (
  frames: readonly Frame[],
  process: string,
  since: number,
  until = Number.POSITIVE_INFINITY,
): boolean =>
  factsOf(frames, 'deliver').some(
    (frame) => frame.process === process && frame.t >= since && frame.t <= until,
  )

/** Why the group rebalanced, each time. */
export const causesOf = (frames: readonly Frame[]): string[] =>
  factsOf(frames, 'rebalanced').flatMap(({ causes }) => causes)

export const faultAt = (frames: readonly Frame[], index = 0): number =>
  factsOf(frames, 'fault')[index]?.t ?? Number.NaN

/** The group had never more members than that. */
export const mostMembers = (frames: readonly Frame[]): number =>
  Math.max(...factsOf(frames, 'group').map(({ members }) => members.length))
