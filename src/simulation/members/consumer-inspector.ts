import { keyOf } from '../../domain/topic-partition.js'
import type { MemberContext } from '../../machines/member/context.js'
import type { Inspect } from '../../runtime/runtime.js'
import type { ProcessRecorder } from '../../runtime/trace-recorder.js'

interface Resolved {
  readonly type: string
  readonly offset: number
  readonly from: 'committed' | 'reset' | 'seek'
}

/** Every step of a consumer's charts; where each partition is read from, and what it was given. */
export const consumerInspector = (
  recorder: ProcessRecorder,
  nameOf: (memberId: string) => string,
): Inspect =>
  recorder.inspector((actor, event, snapshot) => {
    if (event.type === 'position.resolved') {
      const { offset, from } = event as unknown as Resolved
      // A partition's actor is named `<consumer>/<topic>-<partition>`.
      const partition = actor.slice(actor.lastIndexOf('/') + 1)
      recorder.fact(actor, { fact: 'position', partition, offset, from })
    } else if (event.output?.tag === 'synced') {
      const { memberId, generation, topics, assigned } =
        snapshot.context as unknown as MemberContext
      const member = nameOf(memberId)
      const partitions = assigned.map(keyOf)
      recorder.fact(actor, { fact: 'synced', member, generation, topics, partitions })
    }
  })
