import type { Checker } from './checker.js'

/** Invariant 8, for an application that polls: a partition's records are done before the next come. */
export const onePieceAtATime: Checker = {
  name: 'one piece at a time',
  invariant: 8,
  watch: (report) => {
    const inHand = new Map<string, number>()
    return {
      deliver: ({ process, partition, first, last, seq }) => {
        const key = `${process} ${partition}`
        const before = inHand.get(key)
        if (before !== undefined) {
          report(seq, `${partition} ${first} delivered to ${process}, ${before} still in hand`)
        }
        inHand.set(key, last)
      },
      done: ({ process, partition }) => inHand.delete(`${process} ${partition}`),
    }
  },
}
