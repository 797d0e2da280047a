/**
 * The part of an XState config that is mutated, in one form: lists where XState takes one or many.
 * Guards, actions and delays are named by strings (a rule of our machines), so that a changed
 * config means the same implementations.
 */
export interface Candidate {
  target?: string
  guard?: unknown
  actions?: string[]
  reenter?: boolean
}

export interface Invoke {
  src: string
  id?: string
  onDone?: Candidate[]
  onError?: Candidate[]
  readonly [field: string]: unknown
}

export interface StateConfig {
  initial?: string
  type?: string
  entry?: string[]
  exit?: string[]
  on?: Record<string, Candidate[]>
  after?: Record<string, Candidate[]>
  always?: Candidate[]
  onDone?: Candidate[]
  invoke?: Invoke[]
  states?: Record<string, StateConfig>
}

export interface ChartConfig extends StateConfig {
  id: string
  readonly [field: string]: unknown
}

const listed = <T>(value: T | readonly T[] | undefined): T[] | undefined =>
  value === undefined ? undefined : Array.isArray(value) ? [...value] : [value as T]

type Loose = Record<string, unknown>

/** Fields that are there get another form; others stay as they are. */
const reshaped = <T extends object>(object: T, shapes: Loose): T => {
  const copy: Loose = { ...(object as Loose) }
  for (const [key, value] of Object.entries(shapes)) if (value !== undefined) copy[key] = value
  return copy as T
}

type Slot = string | Candidate | readonly (string | Candidate)[]

const candidates = (slot: Slot | undefined): Candidate[] | undefined =>
  listed(slot as Candidate | string)?.map((each) => {
    const candidate = typeof each === 'string' ? { target: each } : each
    return reshaped(candidate, { actions: listed(candidate.actions as string[] | string) })
  })

const mapped = <A, B>(record: Record<string, A> | undefined, form: (value: A) => B) =>
  record && Object.fromEntries(Object.entries(record).map(([key, value]) => [key, form(value)]))

const invokes = (given: unknown): Invoke[] | undefined =>
  listed(given as Invoke)?.map((invoke) =>
    reshaped(invoke, {
      onDone: candidates(invoke.onDone),
      onError: candidates(invoke.onError),
    }),
  )

/** A deep copy in the one form. Functions (inputs, the first context) are kept as they are. */
export const normalised = <T extends object>(given: T): T & ChartConfig => {
  const config = given as unknown as StateConfig
  return reshaped(given, {
    entry: listed(config.entry as string[] | string),
    exit: listed(config.exit as string[] | string),
    on: mapped(config.on as Record<string, Slot> | undefined, candidates),
    after: mapped(config.after as Record<string, Slot> | undefined, candidates),
    always: candidates(config.always),
    onDone: candidates(config.onDone),
    invoke: invokes(config.invoke),
    states: mapped(config.states, normalised),
  }) as T & ChartConfig
}

/** Equal texts mean equal configs. Functions are numbered as they come. */
export const fingerprint = (config: object): string => {
  const functions = new Map<unknown, number>()
  const numbered = (value: unknown): string => {
    if (!functions.has(value)) functions.set(value, functions.size)
    return `function ${functions.get(value)}`
  }
  return JSON.stringify(config, (_, value) =>
    typeof value === 'function' ? `${numbered(value)} ${JSON.stringify({ ...value })}` : value,
  )
}
