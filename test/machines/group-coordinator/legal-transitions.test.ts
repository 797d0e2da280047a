import { testRules } from '../test-rules.js'
import { coordinatorChart } from './coordinator-chart.js'
import { coordinatorTable } from './coordinator-rules.js'

testRules(coordinatorTable, coordinatorChart())
