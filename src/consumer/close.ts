import * as Effect from 'effect/Effect'
import { StreamBusError } from '../domain/errors.js'
import { keyOf } from '../domain/topic-partition.js'
import type { ConsumerCore } from './consumer-core.js'

/** Closes in order, or when the time is up lets go of everything and says what was not committed. */
export const closeWithin = (
  core: ConsumerCore,
  timeoutMs: number,
  leaveGroup: boolean,
): Effect.Effect<void, StreamBusError> => {
  const giveUp = Effect.suspend(() => {
    const uncommitted =
      core.parts.config.groupId === null ? [] : core.committer.pending(core.slots.values())
    const { state } = core
    core.destroy()
    const places = uncommitted.map((at) => `${keyOf(at)} at ${at.offset}`).join(', ')
    return Effect.fail(
      new StreamBusError(
        'CLOSE_TIMED_OUT',
        `the consumer did not close within ${timeoutMs} ms (it was ${state}); ` +
          `not committed: ${places === '' ? 'nothing' : places}`,
        { uncommitted },
      ),
    )
  })
  return Effect.timeoutOrElse(core.close(leaveGroup), {
    duration: timeoutMs,
    orElse: () => giveUp,
  })
}
