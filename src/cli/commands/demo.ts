import type { Command } from 'commander'
import { action, type CommandRun } from '../command-run.js'

const examples = `
It starts a broker on a free port and streams real data into it: path, size and SHA-256 of every
file under node_modules. Three consumers start one after the other as processes of their own, one
is killed and started again, then all leave. Nothing is left behind.

Exit code 0 only if no record was lost and order held within each partition, else 1.

Examples:
  $ streambus demo
  $ streambus demo --json | tail -1`

export const addDemoCommand = (program: Command): void => {
  program
    .command('demo')
    .description('the whole story in under a minute: join, share, kill, take over, leave')
    .addHelpText('after', examples)
    .action(action(runDemo, { isGraceful: true }))
}

const runDemo = async ({ global, stdout, interruption }: CommandRun): Promise<void> => {
  const { runStory } = await import('../demo/story.js')
  const writing: Promise<void>[] = []
  const output = {
    isJson: global.isJson,
    write: (text: string) => {
      const written = stdout.write(text)
      // Told at the end: a story does not stop in the middle because nobody listens.
      written.catch(() => undefined)
      writing.push(written)
    },
  }
  const isGood = await runStory(output, interruption.signal)
  await Promise.all(writing)
  if (isGood) return
  const text = 'records were lost or came out of order: see the summary'
  throw Object.assign(new Error(text), { code: 'DEMO_FAILED' })
}
