import type { Command } from 'commander'
export const addGroupCommand = (program: Command): void => { program.command('group') }
