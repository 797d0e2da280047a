/**
 * Member ids and generations are renumbered so that equal situations are equal states. A member id
 * here is the number in which it was given out (`m01`), which is also how ids are sorted: real ones
 * are random, this is one of their orders.
 */
const MOST_IDS = 30
const HIGHEST_GENERATION = 29

export const processName = (process: number): string => 'ABCD'[process]!

const memberIds = Array.from(
  { length: MOST_IDS },
  (_, index) => `m${String(index + 1).padStart(2, '0')}`,
)

export const memberIdOf = (number: number): string => {
  if (number > MOST_IDS) throw new Error('too many member ids: a model without end')
  return memberIds[number - 1]!
}

const bits = new Map([['', 0], ...memberIds.map((id, index) => [id, 1 << index] as const)])

/** A member id as a bit; 0 for no id. */
export const bitOfId = (memberId: string): number => bits.get(memberId)!

/** A generation as a bit; 0 for none, and for the generation of a group that never had one. */
export const bitOfGeneration = (generation: number): number => {
  if (generation > HIGHEST_GENERATION) throw new Error('too many generations: a model without end')
  return generation <= 0 ? 0 : 1 << generation
}

/** The number that a new id gets: above all that are still about. */
export const nextIdNumber = (ids: number): number => 33 - Math.clz32(ids)

export interface Renaming {
  readonly key: string
  readonly generation: (generation: number) => number
  readonly memberId: (memberId: string) => string
}

/** What the generation that is stored for certain is called; older ones count down from here. */
const STORED = 9

/**
 * Ids count from 1. The generation that is stored for certain is always the same; nothing goes
 * back behind it, so of the older ones only the order counts. The newer ones keep their distance:
 * after a restart the coordinator counts up to them again. Before anything is stored there are no
 * older ones.
 */
export const isNormal = (generations: number, ids: number, stored: number): boolean => {
  if ((ids & (ids + 1)) !== 0) return false
  if (stored === 0) return true
  const past = generations & ((2 << stored) - 1)
  // All bits from the lowest one on are set.
  return stored === STORED && past + (past & -past) === 2 << stored
}

const generationNames = (generations: number, stored: number): readonly number[] => {
  const names: number[] = Array.from({ length: HIGHEST_GENERATION + 1 }, (_, one) => one)
  if (stored === 0) return names
  let name = STORED
  for (let generation = stored; generation > 0; generation--) {
    if ((generations & (1 << generation)) !== 0) names[generation] = name--
  }
  for (let generation = stored + 1; generation <= HIGHEST_GENERATION; generation++) {
    names[generation] = STORED + generation - stored
  }
  return names
}

const idNames = (ids: number): ReadonlyMap<string, string> => {
  const names = new Map<string, string>()
  for (let number = 1; number <= MOST_IDS; number++) {
    const isAlive = (ids & (1 << (number - 1))) !== 0
    if (isAlive) names.set(memberIdOf(number), memberIdOf(names.size + 1))
  }
  return names
}

const known = new Map<string, Renaming>()

export const normalRenaming = (generations: number, ids: number, stored: number): Renaming => {
  const key = `${generations}/${ids}/${stored}`
  const made = known.get(key)
  if (made !== undefined) return made
  const generationOf = generationNames(generations, stored)
  const idOf = idNames(ids)
  const renaming: Renaming = {
    key,
    generation: (generation) => (generation <= 0 ? generation : generationOf[generation]!),
    memberId: (memberId) => (memberId === '' ? '' : idOf.get(memberId)!),
  }
  known.set(key, renaming)
  return renaming
}
