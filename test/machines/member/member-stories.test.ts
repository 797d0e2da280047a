import { testRules } from '../test-rules.js'
import { MemberChart } from './member-chart.js'
import { memberStories } from './member-rules.js'

testRules(memberStories, new MemberChart())
