import type { ErrorInfo } from '../../domain/membership.js'

export interface PartitionInput {
  readonly topic: string
  readonly partition: number
  /** The generation under which the partition is owned; -1 without a group. */
  readonly generation: number
  readonly paused: boolean
}

/** Plain JSON. Buffers and moving offsets live beside the actor, in the consumer. */
export interface PartitionContext extends PartitionInput {
  /** Where fetching began after the last resolve or seek. */
  readonly startOffset: number | null
  readonly startedFrom: 'committed' | 'reset' | 'seek' | null
  readonly error: ErrorInfo | null
}

export const initialContext = (input: PartitionInput): PartitionContext => ({
  ...input,
  startOffset: null,
  startedFrom: null,
  error: null,
})
