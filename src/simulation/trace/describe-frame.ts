import type { FactFrame, Frame } from '../../domain/trace.js'
import { describeStep } from '../plan/describe-plan.js'
import type { Deed } from '../plan/step.js'

/** One frame as a line: when, where, what. */
export const describeFrame = (frame: Frame): string => {
  const time = `${(frame.t / 1_000).toFixed(3)} s`
  return `${String(frame.seq).padStart(5)} ${time.padStart(10)}  ${frame.actor}: ${wordsOf(frame)}`
}

const wordsOf = (frame: Frame): string => {
  switch (frame.kind) {
    case 'transition': {
      const { event, from, states, ignored, cause } = frame
      const moved =
        from === states ? `stays ${states}` : `${from === '' ? '' : `${from} `}-> ${states}`
      const why = cause === undefined ? '' : `, because ${cause.what} (${cause.evidence})`
      return `${moved} on ${event}${ignored === true ? ', which is out of place there' : ''}${why}`
    }
    case 'message':
      return `${frame.way} ${frame.api} ${frame.is} ${frame.id}, ${frame.way === 'receive' ? 'from' : 'to'} ${frame.peer}`
    case 'fact':
      return factWords(frame)
  }
}

const NO_DETAIL = new Set(['seq', 't', 'lamport', 'process', 'actor', 'kind', 'fact', 'ids'])

const factWords = (frame: FactFrame): string => {
  if (frame.fact === 'fault') return `fault: ${describeStep(frame.step as Deed)}`
  const details = Object.entries(frame)
    .filter(([name]) => !NO_DETAIL.has(name))
    .map(([name, value]) => {
      const words = typeof value === 'object' ? JSON.stringify(value) : String(value)
      // `phase liveness`, not `phase phase liveness`.
      return name === frame.fact ? words : `${name} ${words}`
    })
  return [frame.fact, ...details].join(' ')
}
