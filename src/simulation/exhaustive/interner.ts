const MOST = 2 ** 26

/** Two small numbers as one, to look something up by both. */
export const pairOf = (high: number, low: number): number => high * MOST + low

/**
 * Equal values become one object with one small number, so that a state of the whole model is a
 * few numbers and a step that was computed once is looked up ever after.
 */
export class Interner<C extends { readonly id: number }, K extends string | number = string> {
  readonly #byKey = new Map<K, C>()
  readonly #byId: C[] = []
  readonly #renamings = new Map<string, number>()
  readonly #renamed = new Map<number, C>()

  get count(): number {
    return this.#byId.length
  }

  of(key: K, make: (id: number) => C): C {
    let cell = this.#byKey.get(key)
    if (cell === undefined) {
      cell = make(this.#byId.length)
      this.#byKey.set(key, cell)
      this.#byId.push(cell)
    }
    return cell
  }

  at(id: number): C {
    return this.#byId[id]!
  }

  /** A cell under other names, remembered by the renaming's key. */
  renamed(cell: C, renaming: string, make: () => C): C {
    let number = this.#renamings.get(renaming)
    if (number === undefined) {
      number = this.#renamings.size
      this.#renamings.set(renaming, number)
    }
    const place = pairOf(number, cell.id)
    let result = this.#renamed.get(place)
    if (result === undefined) {
      result = make()
      this.#renamed.set(place, result)
    }
    return result
  }
}
