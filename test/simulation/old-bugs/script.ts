import type { Plan } from '../../../src/simulation/plan/plan.js'
import type { Deed } from '../../../src/simulation/plan/step.js'
import { planOf } from '../fixtures/plans.js'

type Timed = readonly [atSeconds: number, deed: Deed]
type More = NonNullable<Parameters<typeof planOf>[1]>

export const start = (member: number): Deed => ({ do: 'start', member })
export const wait: Deed = { do: 'wait' }
export const produce = (records: number): Deed => ({ do: 'produce', records })
export const answer = (
  api: Extract<Deed, { do: 'answer' }>['api'],
  what: Omit<Extract<Deed, { do: 'answer' }>, 'do' | 'api' | 'times'> & { times?: number },
): Deed => ({ do: 'answer', api, times: 1, ...what })

/** Records every two seconds up to the last step, and the steps. */
export const scriptOf = (steps: readonly Timed[], more: More = {}): Plan => {
  const end = Math.max(...steps.map(([at]) => at))
  const records = Array.from(
    { length: Math.floor(end / 2) },
    (_, index): Timed => [1 + index * 2, produce(20)],
  )
  const all = [...records, ...steps].sort(([a], [b]) => a - b)
  return planOf(all, more)
}

export const cooperative = { strategies: ['cooperative-sticky'] } as const satisfies More
