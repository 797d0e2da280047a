/** Offsets as disjoint, sorted intervals, ends included. */
export class OffsetSet {
  #intervals: [first: number, last: number][] = []

  add(first: number, last: number): void {
    if (last < first) return
    const before = this.#intervals.filter(([, end]) => end < first - 1)
    const after = this.#intervals.filter(([start]) => start > last + 1)
    const touched = this.#intervals.filter(([start, end]) => end >= first - 1 && start <= last + 1)
    const from = Math.min(first, ...touched.map(([start]) => start))
    const to = Math.max(last, ...touched.map(([, end]) => end))
    this.#intervals = [...before, [from, to], ...after]
  }

  has(offset: number): boolean {
    return this.#intervals.some(([first, last]) => first <= offset && offset <= last)
  }

  /** The first offset of the range that is not in the set. */
  firstMissing(first: number, last: number): number | undefined {
    let next = first
    for (const [start, end] of this.#intervals) {
      if (next > last) return undefined
      if (end < next) continue
      if (start > next) return next
      next = end + 1
    }
    return next > last ? undefined : next
  }

  get last(): number {
    return this.#intervals[this.#intervals.length - 1]?.[1] ?? -1
  }
}
