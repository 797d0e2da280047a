import type { Command } from 'commander'
import type { Replay } from '../../simulation/trace/replay.js'
import { action, type CommandRun } from '../command-run.js'
import { Violated } from '../failure.js'
import { integer } from '../option-values.js'

interface ReplayOptions {
  readonly until?: number
  readonly messages?: true
}

const examples = `
A trace of a simulation is run again from the plan in its header, and compared with what was
recorded, frame by frame. Other traces, and those with a handler of your own, are told as they are.

Exit code 5 if a rule is broken, 1 if the run is another one now: the code has changed.

Examples:
  $ streambus replay .streambus/traces/17.jsonl
  $ streambus replay .streambus/traces/17.jsonl --until 300     and how things stand there
  $ streambus replay .streambus/traces/17.jsonl --messages`

export const addReplayCommand = (program: Command): void => {
  program
    .command('replay')
    .description('tell what happened in a trace, running it again')
    .argument('<file>')
    .option('--until <frame>', 'stop after this frame, and show how things stand', integer(0))
    .option('--messages', 'tell of every message, too')
    .addHelpText('after', examples)
    .action(action(replayTrace))
}

const replayTrace = async (
  run: CommandRun,
  [file = '']: readonly string[],
  { until, messages }: ReplayOptions,
): Promise<void> => {
  const { planOf, readTraceFile } = await import('../../simulation/trace/trace-file.js')
  const { replay } = await import('../../simulation/trace/replay.js')
  const { judgeFrames } = await import('../../simulation/run/outcome.js')
  const { canReplay, tellStory, tellOutcome, tellViolations } = await import('../simulate/story.js')
  const recorded = readTraceFile(file)
  const story = { until, isWithMessages: messages === true }
  const plan = recorded.header.plan === undefined ? undefined : planOf(recorded, file)
  if (plan === undefined || !canReplay(plan)) {
    await tellStory(run, recorded, story)
    if (plan !== undefined) {
      const violations = judgeFrames(plan, recorded.frames)
      await tellViolations(run, violations)
      run.notice(`told as recorded: only its own handler can run it again (readPlan('${file}'))`)
      if (violations.length > 0) throw new Violated(1, 1)
    }
    return
  }
  const again = replay(recorded, file)
  await tellStory(run, { header: recorded.header, frames: again.frames }, story)
  await tellOutcome(run, again)
  if (again.difference !== undefined) {
    throw Object.assign(new Error(`${file}: ${whyOther(again)}`), { code: 'TRACE_DIFFERS' })
  }
  if (again.outcome.violations.length > 0) throw new Violated(1, 1)
}

const whyOther = ({ difference, charts, frames }: Replay): string => {
  const { seq = 0, recorded } = difference ?? {}
  if (recorded === undefined) {
    return `it ends before frame ${seq} of ${frames.length}: it was cut short`
  }
  return `frame ${seq} is another one than recorded: ${changes[charts]}`
}

const changes = {
  same: 'the code has changed, the charts have not',
  changed: 'the charts have changed',
  unknown: 'the code has changed',
} as const satisfies Record<Replay['charts'], string>
