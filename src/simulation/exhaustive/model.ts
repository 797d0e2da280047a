import type { Assignor } from '../../assignors/index.js'
import type { GroupCoordinatorMachine } from '../../machines/group-coordinator/group-coordinator-machine.js'
import type { MemberMachine } from '../../machines/member/member-machine.js'
import { Answering } from './answering.js'
import type { Assumptions } from './assumptions.js'
import { Subscriptions } from './call.js'
import { type ClientCell, Clients, noLink } from './client-cell.js'
import { type ClientMoveOptions, ClientMoves } from './client-moves.js'
import { ClientSteps } from './client-steps.js'
import { type CoordinatorCell, Coordinators } from './coordinator-cell.js'
import { CoordinatorSteps } from './coordinator-steps.js'
import { isNormal, normalRenaming } from './identities.js'
import { Processes } from './process-cell.js'
import { ProcessSteps } from './process-steps.js'
import { ProductionCalls } from './production-calls.js'
import { Successors, type Visit } from './successors.js'

export interface ModelOptions extends ClientMoveOptions {
  readonly members: number
  readonly partitions: number
  readonly assignor: Assignor
  readonly memberMachine: MemberMachine
  readonly coordinatorMachine: GroupCoordinatorMachine
  readonly assumptions: Assumptions
  /** Which process is which does not matter: states that differ in that alone are one. */
  readonly usesSymmetry: boolean
}

/** The coordinator's number, then each client's. */
export type State = Int32Array

/**
 * The whole system without clock: the charts of production, their hosts' part, connections,
 * timers, store. A state is a few small numbers; whatever was computed once is looked up.
 */
export class Model {
  readonly options: ModelOptions
  readonly #clients: Clients
  readonly #coordinators: Coordinators
  readonly #successors: Successors
  readonly #initial: State

  constructor(options: ModelOptions) {
    this.options = options
    const { assignor, partitions, memberMachine, coordinatorMachine, members } = options
    const subscriptions = new Subscriptions(assignor)
    const calls = new ProductionCalls(assignor, partitions)
    const processes = new Processes(subscriptions)
    this.#clients = new Clients(processes, subscriptions)
    this.#coordinators = new Coordinators(subscriptions)
    const steps = new ProcessSteps({
      machine: memberMachine,
      rebalanceProtocol: assignor.rebalanceProtocol,
      calls,
      mergesQuietSteps: options.mergesQuietSteps,
      of: (facts) => processes.of(facts),
    })
    const clientSteps = new ClientSteps(this.#clients, processes, steps)
    const coordinatorSteps = new CoordinatorSteps(coordinatorMachine, this.#coordinators)
    this.#successors = new Successors({
      model: this,
      clientSteps,
      clientMoves: new ClientMoves(clientSteps, calls, options),
      coordinatorSteps,
      answering: new Answering(clientSteps, options.mergesQuietSteps),
    })
    this.#initial = new Int32Array(1 + members)
    this.#initial[0] = coordinatorSteps.begin(null).next.id
    this.#initial.fill(this.#clients.of(processes.off, noLink).id, 1)
  }

  /** How many different coordinators and clients the states are made of. */
  get size(): { readonly coordinators: number; readonly clients: number } {
    return { coordinators: this.#coordinators.count, clients: this.#clients.count }
  }

  /** Nobody runs, nothing is stored. */
  initial(): State {
    return this.#initial.slice()
  }

  coordinator(state: State): CoordinatorCell {
    return this.#coordinators.at(state[0]!)
  }

  client(state: State, process: number): ClientCell {
    return this.#clients.at(state[1 + process]!)
  }

  /** Every move that the state allows, each with where it leads; not normalised. */
  successors(state: State, visit: Visit): void {
    this.#successors.of(state, visit)
  }

  /** Renumbers in place, and puts clients in order, so that equal situations are equal states. */
  normalise(state: State): void {
    const coordinator = this.coordinator(state)
    let { generations, ids } = coordinator
    for (let process = 0; process < this.options.members; process++) {
      let client = this.client(state, process)
      if (client.link.strays.length > 0) {
        client = this.#withoutDeadStrays(client, coordinator)
        state[1 + process] = client.id
      }
      generations |= client.generations
      ids |= client.ids
    }
    const { oldestGeneration } = coordinator.store
    if (!isNormal(generations, ids, oldestGeneration)) {
      const renaming = normalRenaming(generations, ids, oldestGeneration)
      for (let process = 0; process < this.options.members; process++) {
        state[1 + process] = this.#clients.rename(this.client(state, process), renaming).id
      }
      state[0] = this.#coordinators.rename(coordinator, renaming).id
    }
    if (this.options.usesSymmetry) sortFrom(state, 1)
  }

  #withoutDeadStrays(client: ClientCell, { ids, group, store }: CoordinatorCell): ClientCell {
    const oldest = Math.min(group.generation, store.oldestGeneration)
    const isAlive = (client.strayIds & ~ids) === 0 && client.strayGeneration >= oldest
    return isAlive ? client : this.#clients.withoutDeadStrays(client, ids, oldest)
  }
}

/** Insertion sort: there are two or three. */
const sortFrom = (state: State, first: number): void => {
  for (let index = first + 1; index < state.length; index++) {
    const value = state[index]!
    let place = index
    for (; place > first && state[place - 1]! > value; place--) state[place] = state[place - 1]!
    state[place] = value
  }
}
