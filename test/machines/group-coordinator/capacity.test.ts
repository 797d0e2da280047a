import { testRules } from '../test-rules.js'
import { coordinatorChart } from './coordinator-chart.js'
import { capacityStories } from './coordinator-rules.js'

testRules(capacityStories, coordinatorChart())
