import * as Effect from 'effect/Effect'
import type { PartitionCallbacks } from '../../consumer/callbacks.js'
import type { ConsumerCore } from '../../consumer/consumer-core.js'
import { keyOf, type TopicPartition } from '../../domain/topic-partition.js'
import type { Application } from './application.js'
import type { SimulatedProcess } from './process.js'

export type CallbackKind = 'assigned' | 'revoked' | 'lost'

export interface CallbackParts {
  readonly process: SimulatedProcess
  readonly application: Application
  readonly generation: () => number
  readonly core: () => ConsumerCore
}

/**
 * The application's rebalance callbacks, told to the trace. A partition is held from the moment
 * its assignment is told until its revoke has been told to the end, or its loss begins.
 */
export const callbacksOf = ({
  process,
  application,
  generation,
  core,
}: CallbackParts): PartitionCallbacks => {
  const { recorder, name } = process
  const phase = (kind: CallbackKind, at: 'begin' | 'end' | 'threw') =>
    Effect.sync(() => recorder.fact(name, { fact: 'callback', name: kind, phase: at }))
  const told = (kind: CallbackKind, work: Effect.Effect<void, unknown>) =>
    phase(kind, 'begin').pipe(
      Effect.andThen(work),
      Effect.andThen(phase(kind, 'end')),
      Effect.tapError(() => phase(kind, 'threw')),
    )
  const fact = (make: () => Parameters<typeof recorder.fact>[1]) =>
    Effect.sync(() => recorder.fact(name, make()))
  const keys = (partitions: readonly TopicPartition[]) => partitions.map(keyOf)
  return {
    onPartitionsAssigned: (partitions) =>
      fact(() => ({
        fact: 'assign',
        partitions: keys(partitions),
        generation: generation(),
      })).pipe(Effect.andThen(told('assigned', application.callback('assigned', core())))),
    onPartitionsRevoked: (partitions) =>
      Effect.ensuring(
        told('revoked', application.callback('revoked', core())),
        fact(() => ({ fact: 'revoke', partitions: keys(partitions) })),
      ),
    onPartitionsLost: (partitions) =>
      fact(() => ({ fact: 'lost', partitions: keys(partitions) })).pipe(
        Effect.andThen(told('lost', application.callback('lost', core()))),
      ),
  }
}
