import { expect, test } from 'vitest'
import { testRules } from '../test-rules.js'
import { MemberChart } from './member-chart.js'
import { graphFaults, memberPlaces } from './member-rules.js'

testRules(memberPlaces, new MemberChart())

test('all of it holds at a glance, too', () => {
  expect(graphFaults(new MemberChart(undefined, { detail: 'coarse' }))).toEqual([])
})
