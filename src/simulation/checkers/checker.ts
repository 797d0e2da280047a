import type { FactName, FactOf } from '../../domain/facts.js'
import type { Frame, MessageFrame, TransitionFrame } from '../../domain/trace.js'
import type { Plan } from '../plan/plan.js'

/** A broken rule, and the frame at which it shows. */
export interface Violation {
  /** The rule's name. */
  readonly rule: string
  readonly seq: number
  readonly what: string
}

type Place = Pick<Frame, 'seq' | 't' | 'process' | 'actor'>
export type FactFrameOf<N extends FactName> = Place & FactOf<N>

/** What a checker looks at, frame by frame in order. It remembers what it needs and reports. */
export type Watch = {
  readonly [N in FactName]?: (frame: FactFrameOf<N>) => void
} & {
  readonly transition?: (frame: TransitionFrame) => void
  readonly message?: (frame: MessageFrame) => void
}

export type Report = (seq: number, what: string) => void

/** What is known of the run beside its trace: nothing is, of a recorded one. */
export type CheckedPlan = Pick<Plan, 'times' | 'strategies' | 'brokers' | 'members'>

/**
 * One rule over traces. It knows nothing of the workload that made them: a live recording is
 * checked by the same code as a simulation.
 */
export interface Checker {
  readonly name: string
  /** Its number in the list of invariants; several rules may share one. */
  readonly invariant: number
  readonly watch: (report: Report, plan: CheckedPlan) => Watch
}
