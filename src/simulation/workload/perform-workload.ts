import type { WorkloadStep } from '../plan/step.js'
import type { World } from '../world.js'

/** What applications and their operators do without any fault. */
export const performWorkload = (world: World, step: WorkloadStep): void => {
  switch (step.do) {
    case 'start':
      world.startMember(step.member)
      break
    case 'stop':
      world.stopMember(step.member)
      break
    case 'produce':
      world.source.produce(step.records)
      break
    case 'wait':
      break
    case 'subscribe':
      world.subscribe(step.member, step.topics)
      break
    default: {
      const run = world.member(step.member)
      if (run?.core === undefined || !run.process.isAlive || run.isStopping) return
      if (step.do === 'commit') run.commit()
      else if (step.do === 'seek') run.application.seek(run.core, step.to)
      else run.application.flow(run.core, step.do)
    }
  }
}
