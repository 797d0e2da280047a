import { type GroupContext, membersInOrder } from '../../machines/group-coordinator/context.js'
import type { Inspect } from '../../runtime/runtime.js'
import type { ProcessRecorder } from '../../runtime/trace-recorder.js'

/** Tells the trace how groups stand: whenever state, generation or members changed. */
export class GroupWatch {
  readonly inspect: Inspect
  readonly #last = new Map<string, string>()

  constructor(recorder: ProcessRecorder, nameOf: (memberId: string) => string) {
    this.inspect = recorder.inspector((actor, { type }, snapshot) => {
      const context = snapshot.context as unknown as GroupContext
      const state = topOf(snapshot.value)
      const members = membersInOrder(context).map(({ memberId }) => nameOf(memberId))
      const { groupId: group, generation } = context
      const text = `${state} ${generation} ${members.join()}`
      // A coordinator that begins says so, also where it is as the one before it was.
      if (this.#last.get(actor) === text && type !== 'xstate.init') return
      this.#last.set(actor, text)
      recorder.fact(actor, { fact: 'group', group, state, generation, members })
    })
  }
}

const topOf = (value: unknown): string =>
  typeof value === 'string' ? value : Object.keys(value as object)[0]!
