/**
 * Member ids hold random parts. In a trace each is called after its client and numbered in order of
 * appearance.
 */
export class Names {
  readonly #names = new Map<string, string>()

  readonly of = (memberId: string): string => {
    const known = this.#names.get(memberId)
    if (known !== undefined) return known
    const name = memberId === '' ? '' : `m${this.#names.size + 1}`
    this.#names.set(memberId, name)
    return name
  }
}
