import type { ClientCell } from './client-cell.js'
import type { CoordinatorCell } from './coordinator-cell.js'
import { processName } from './identities.js'
import type { Model, State } from './model.js'
import { NO_PROCESS, nameOf, processOf, textOf } from './moves.js'
import { partitionNames } from './partition-set.js'
import type { Search, Violation } from './search.js'
import { stateProblem } from './state-rules.js'

/** A run from the beginning, move by move, with what it led to; generations as they really count. */
export const linesTo = (search: Search, state: number): string[] =>
  replay(search, [...search.pathTo(state)]).lines

export const linesOfViolation = (search: Search, violation: Violation): string[] => {
  const { from, move, problem } = violation
  const { lines, last } = replay(search, [...search.pathTo(from)])
  let ending: string | undefined
  search.model.successors(last, (other, next, stepProblem) => {
    if (ending !== undefined || nameOf(other) !== nameOf(move)) return
    const problems = [stepProblem, stateProblem(search.model, next)]
    const found = problems.find(
      (one) => one !== null && kindOfProblem(one) === kindOfProblem(problem),
    )
    if (found === undefined) return
    ending = `${line(search.model, lines.length, other, last, next)}\n=> ${found}`
  })
  return [...lines, ending ?? `=> ${problem}`]
}

/** Which rule it is: what follows names members and numbers, which may be others here. */
const kindOfProblem = (problem: string): string => problem.split(':')[0]!

/**
 * The path's states are renumbered ones. The same moves are made again without renumbering; of
 * several ways in which a move can end, the one that is the path's when renumbered.
 */
const replay = (
  { model, table }: Search,
  path: readonly { readonly move: number; readonly state: number }[],
): { readonly lines: string[]; readonly last: State } => {
  const lines: string[] = []
  let last = model.initial()
  const wanted = new Int32Array(last.length)
  for (const { move, state } of path) {
    table.read(state, wanted)
    let found: { readonly move: number; readonly state: State } | undefined
    model.successors(last, (other, next) => {
      if (nameOf(other) !== nameOf(move) || found !== undefined) return
      const raw = next.slice()
      const normal = next.slice()
      model.normalise(normal)
      if (normal.every((part, index) => part === wanted[index])) found = { move: other, state: raw }
    })
    if (found === undefined) throw new Error('StreamBus defect: a path that cannot be replayed')
    lines.push(line(model, lines.length, found.move, last, found.state))
    last = found.state
  }
  return { lines, last }
}

const line = (model: Model, index: number, move: number, before: State, state: State): string => {
  const process = processOf(move)
  const api = process === NO_PROCESS ? null : model.client(before, process).link.call?.call.api
  const text = textOf(move).replace('JoinGroup or SyncGroup', api ?? 'JoinGroup')
  return `${String(index + 1).padStart(3)}. ${text}\n       ${picture(model, state)}`
}

export const picture = (model: Model, state: State): string => {
  const clients: string[] = []
  for (let process = 0; process < model.options.members; process++) {
    clients.push(clientPicture(model.client(state, process), process))
  }
  return `${clients.join(' | ')} | ${coordinatorPicture(model.coordinator(state))}`
}

const clientPicture = ({ process, link }: ClientCell, number: number): string => {
  const name = processName(number)
  const { call, commit, leave, strays, heartbeatAnswer } = link
  const notes = [
    ...(call === null ? [] : [`${call.call.api} ${call.stage}`]),
    ...(heartbeatAnswer === null ? [] : [`heartbeat: ${heartbeatAnswer}`]),
    ...(commit === null ? [] : [`commit g${commit.generation}`]),
    ...(leave === null ? [] : ['LeaveGroup']),
    ...strays.map((stray) => `late ${stray.type}`),
    ...(link.isSilent ? ['cut off'] : []),
  ]
  const extra = notes.length === 0 ? '' : ` (${notes.join(', ')})`
  if (process.facts === null) return `${name} ${process.path}${extra}`
  const who = process.memberId === '' ? name : `${name}=${process.memberId}`
  const generation = process.generation < 0 ? '' : ` g${process.generation}`
  return `${who} ${process.path}${generation} ${partitionNames(process.held)}${extra}`
}

const coordinatorPicture = ({ group, store }: CoordinatorCell): string => {
  const { path, generation, memberIds } = group
  const stored = store.durable.map((one) => (one === null ? 'nothing' : `g${one.generation}`))
  const who = memberIds.length === 0 ? '' : ` of ${memberIds.join(' ')}`
  return `group ${path} g${generation}${who}, stored ${stored.join(' or ')}`
}
