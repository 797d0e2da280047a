import type { Command } from 'commander'
export const addTopicCommand = (program: Command): void => { program.command('topic') }
