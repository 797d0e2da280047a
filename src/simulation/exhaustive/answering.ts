import type { Answer } from './call.js'
import type { ClientCell } from './client-cell.js'
import type { ClientSteps } from './client-steps.js'
import type { CoordinatorStep, Reply } from './coordinator-steps.js'

interface NumberedAnswer {
  readonly number: number
  readonly answer: Answer
}

/** What a step of the coordinator means to the clients: answers, and sessions that begin anew. */
export class Answering {
  readonly #steps: ClientSteps
  readonly #mergesQuietSteps: boolean
  readonly #answers = new Map<string, NumberedAnswer>()
  readonly #answerOfReply = new WeakMap<Reply, NumberedAnswer>()

  constructor(steps: ClientSteps, mergesQuietSteps: boolean) {
    this.#steps = steps
    this.#mergesQuietSteps = mergesQuietSteps
  }

  told(client: ClientCell, { replies, renewed }: CoordinatorStep): ClientCell {
    let told = client
    const { call } = client.link
    if (call?.stage === 'parked') {
      for (const reply of replies) {
        if (reply.requestId === call.call.memberId) told = this.answered(told, reply)
      }
    }
    if ((told.liveIds & renewed) === 0) return told
    told.memo.renewed ??= this.#steps.renew(told)
    return told.memo.renewed
  }

  /** The answer is under way to the client. */
  answered(client: ClientCell, reply: Reply): ClientCell {
    const { number, answer } = this.#answerOf(reply)
    let answered = client.memo.answered.get(number)
    if (answered === undefined) {
      answered = this.#withAnswer(client, answer)
      client.memo.answered.set(number, answered)
    }
    return answered
  }

  #answerOf(reply: Reply): NumberedAnswer {
    let known = this.#answerOfReply.get(reply)
    if (known === undefined) {
      const { type: _type, requestId: _requestId, ...answer } = reply as Reply & { type: string }
      const text = JSON.stringify(answer)
      known = this.#answers.get(text)
      known ??= { number: this.#answers.size, answer: answer as unknown as Answer }
      this.#answers.set(text, known)
      this.#answerOfReply.set(reply, known)
    }
    return known
  }

  #withAnswer(client: ClientCell, answer: Answer): ClientCell {
    const call = { ...client.link.call!, stage: 'answered', answer } as const
    const answered = this.#steps.change(client, { ...client.link, call })
    if (answer.error !== 'MEMBER_ID_REQUIRED' || !this.#mergesQuietSteps) return answered
    const { next, problem } = this.#steps.endCall(answered, answer)
    return problem === null ? next : answered
  }
}
