import { testRules } from '../test-rules.js'
import { MemberChart } from './member-chart.js'
import { memberPlaces } from './member-rules.js'

testRules(memberPlaces, new MemberChart())
