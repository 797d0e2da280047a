import { inspect, isDeepStrictEqual } from 'node:util'
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { type PlainAction, pureSteps, type Steps } from '../machines/pure-steps.js'

/** The other machine's snapshot goes with the first one's, also where that is copied. */
const TWIN = Symbol('twin')

type Twinned<Snapshot> = Snapshot & { [TWIN]: Snapshot }

/** What a host can see of where a machine is. */
const visible = ({ value, context, status, children }: AnyMachineSnapshot): unknown => [
  value,
  context,
  status,
  Object.keys(children).sort(),
]

/** What is to be done, without the actors that are made for it; to stop nobody is nothing. */
const effects = (actions: readonly PlainAction[]): unknown =>
  actions
    .filter(({ type }) => type !== 'xstate.stopChild')
    .map(({ type, params }) => {
      const { actorRef: _, ...plain } = (params ?? {}) as Readonly<Record<string, unknown>>
      return [type, plain]
    })

/**
 * Steps of a machine, each of which another one takes, too. Whoever is given them sees the first
 * machine alone; the first step in which the two differ is noted.
 */
export const twinSteps = <Snapshot extends AnyMachineSnapshot>(
  machines: readonly [AnyStateMachine, AnyStateMachine],
  input: object,
): Steps<Snapshot> & { readonly difference: () => string | undefined } => {
  const [first, second] = machines.map((machine) => pureSteps<Snapshot>(machine, input)) as [
    Steps<Snapshot>,
    Steps<Snapshot>,
  ]
  type Stepped = ReturnType<Steps<Snapshot>['initial']>
  let difference: string | undefined
  const paired = (what: unknown, one: Stepped, other: Stepped): Stepped => {
    const [a, b] = [one, other].map(([snapshot, actions]) => [visible(snapshot), effects(actions)])
    if (difference === undefined && !isDeepStrictEqual(a, b)) {
      difference = inspect({ what, chart: a, mutant: b }, { depth: 6, breakLength: 100 })
    }
    ;(one[0] as Twinned<Snapshot>)[TWIN] = other[0]
    return one
  }
  return {
    difference: () => difference,
    initial: (given) => paired('the start', first.initial(given), second.initial(given)),
    next: (snapshot, event) => {
      const twin = (snapshot as Twinned<Snapshot>)[TWIN]
      // Equal contexts may have been evened out by whoever explores; both go on with the same.
      const other = { ...twin, context: snapshot.context } as Snapshot
      return paired(event, first.next(snapshot, event), second.next(other, event))
    },
  }
}
