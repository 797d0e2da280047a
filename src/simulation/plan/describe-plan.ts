import type { MemberPlan, Plan } from './plan.js'
import type { Deed, Step } from './step.js'

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 1_000 ? 2 : 1)} s`

/** One step in words, without its time. */
export const describeStep = (step: Deed): string => {
  switch (step.do) {
    case 'start':
      return `member ${step.member} starts`
    case 'stop':
      return `member ${step.member} closes`
    case 'produce':
      return `${counted(step.records, 'record')} produced`
    case 'wait':
      return 'nothing'
    case 'pause':
    case 'resume':
      return `member ${step.member} ${step.do}s its partitions`
    case 'seek':
      return `member ${step.member} seeks to ${step.to === 'back' ? 'what it committed' : `the ${step.to}`}`
    case 'subscribe':
      return `member ${step.member} subscribes to ${step.topics.map((one) => `topic ${one}`).join(' and ') || 'nothing'}`
    case 'commit':
      return `member ${step.member} commits`
    case 'cut':
      return `no packet ${wayWords[step.way]} ${step.host} for ${seconds(step.forMs)}`
    case 'lossy':
      return `${step.host} loses ${Math.round(step.rate * 100)}% of its packets for ${seconds(step.forMs)}`
    case 'slow':
      return `packets of ${step.host} take up to ${seconds(step.maxMs)} longer for ${seconds(step.forMs)}`
    case 'reset':
      return step.midFrame
        ? `the next frame of ${step.host} is cut by a reset`
        : `all connections of ${step.host} are reset`
    case 'silence':
      return `all connections of ${step.host} go silent`
    case 'crash':
      return `member ${step.member} is killed${step.how === 'power' ? ' by a power failure' : ''}`
    case 'freeze':
      return `member ${step.member} is stopped for ${seconds(step.forMs)}`
    case 'block':
      return `member ${step.member} blocks its event loop for ${seconds(step.forMs)}`
    case 'restartBroker':
      return `the broker is killed${step.how === 'power' ? ' by a power failure' : ''}, back after ${seconds(step.downMs)}`
    case 'freezeBroker':
      return `the broker is stopped for ${seconds(step.forMs)}`
    case 'clockJump':
      return `the wall clock of member ${step.member} jumps by ${seconds(step.byMs)}`
    case 'lateTimers':
      return `timers of member ${step.member} are up to ${seconds(step.maxMs)} late for ${seconds(step.forMs)}`
    case 'slowStore':
      return `the store takes up to ${seconds(step.maxMs)} for ${seconds(step.forMs)}`
    case 'breakStore':
      return `the store fails (${step.why}), mended after ${seconds(step.downMs)}`
    case 'slowWork':
      return `member ${step.member} works for ${seconds(step.ms)} on its next records`
    case 'hang':
      return `member ${step.member} never finishes its next records`
    case 'throw':
      return `member ${step.member} throws in its next onPartitions${capitalized(step.in)}`
    case 'slowCallback':
      return `the next callback of member ${step.member} takes ${seconds(step.ms)}`
    case 'moveCoordinator':
      return `the coordinator moves to broker ${step.to}, which loads for ${seconds(step.loadMs)}`
    case 'reloadGroup':
      return `the coordinator loads the group again, for ${seconds(step.loadMs)}`
    case 'moveLeaders':
      return `all partitions are led by broker ${step.to}`
    case 'staleMetadata':
      return `broker ${step.broker} tells of old leaders for ${seconds(step.forMs)}`
    case 'growTopic':
      return `topic ${step.topic} grows by ${counted(step.by, 'partition')}`
    case 'deleteTopic':
      return `topic ${step.topic} is deleted`
    case 'createTopic':
      return `topic ${step.topic} is created`
    case 'answer':
      return describeAnswer(step)
  }
}

const describeAnswer = (step: Extract<Deed, { readonly do: 'answer' }>): string => {
  const { api, times, member, error, ms = 0 } = step
  const whose = member === undefined ? '' : ` of member ${member}`
  const which = times === 1 ? `the next ${api}${whose}` : `the next ${times} ${api}s${whose}`
  switch (step.with) {
    case 'refuse':
      return `${which}: refused with ${error}`
    case 'delay':
      return `${which}: answered ${seconds(ms)} late`
    case 'throttle':
      return `${which}: throttled for ${seconds(ms)}`
    case 'swallow':
      return `${which}: handled and never answered`
    case 'lose':
      return `${which}: lost on the way`
    case 'repeat':
      return `${which}: handled twice`
  }
}

const wayWords = { to: 'reaches', from: 'leaves', both: 'reaches or leaves' } as const

const capitalized = (word: string): string => word[0]!.toUpperCase() + word.slice(1)

/** The script, a step a line, each with the second at which it comes. */
export const describeSteps = (steps: readonly Step[]): readonly string[] => {
  let at = 0
  return steps.map((step, index) => {
    at += step.afterMs
    return `${String(index + 1).padStart(2)}. at ${seconds(at)}: ${describeStep(step)}`
  })
}

/** What a run is made of, in one line: printed beside its seed. */
export const describePlan = (plan: Plan): string => {
  const { seed, members, partitions, strategies, transport, brokers, times } = plan
  const total = partitions.reduce((sum, count) => sum + count, 0)
  return (
    `seed ${seed}: ${counted(members.length, 'member')} (${members.map(memberWords).join(', ')}), ` +
    `${counted(total, 'partition')} of ${counted(partitions.length, 'topic')}, ` +
    `${strategies.join(' or ')}, ${counted(brokers, 'broker')}, ${transport}, ` +
    `session ${seconds(times.sessionTimeoutMs)}, rebalance ${seconds(times.rebalanceTimeoutMs)}`
  )
}

const memberWords = ({ style, isStatic }: MemberPlan): string =>
  isStatic ? `${style}, static` : style

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
