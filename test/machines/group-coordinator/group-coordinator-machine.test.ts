import { expect, test } from 'vitest'
import { emptyContext } from '../../../src/machines/group-coordinator/context.js'
import type { Output } from '../../../src/machines/group-coordinator/draft.js'
import { Draft } from '../../../src/machines/group-coordinator/draft.js'
import { testRules } from '../test-rules.js'
import { coordinatorChart, settings } from './coordinator-chart.js'
import { coordinatorStories } from './coordinator-rules.js'

testRules(coordinatorStories, coordinatorChart())

test('causes are kept up to a hundred, and counted beyond', () => {
  const draft = new Draft(emptyContext('g', settings))
  for (let index = 0; index < 130; index++) {
    draft.because('member joined', { memberId: `m${index}`, clientId: 'c' })
  }
  expect(draft.context.causes.list).toHaveLength(100)
  expect(draft.context.causes.list[0]!.memberId).toBe('m0')
  expect(draft.context.causes.omitted).toBe(30)
  expect(draft.outputs satisfies Output[]).toEqual([])
})
