/** One change of a source file. */
export interface Patch {
  /** Under `src/`. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly from: string
  readonly to: string
}

/** An old bug, put into our own source on purpose. */
export interface Mutant {
  readonly name: string
  /** Where it happened: an issue's id, or `on purpose`. */
  readonly bug: string
  readonly what: string
  /** Its first finding is shrunk, too, and has to become short. */
  readonly isShrunk?: true
  /** A thousand seeds do not find it: that its scenario does has to do. */
  readonly isForScenarioOnly?: true
  /**
   * It changes what the table of legal transitions says. The rule that compares the two would notice
   * at once, but whoever makes such a change makes it in the table, too: that rule is left out.
   */
  readonly isInTable?: true
  readonly patches: readonly Patch[]
}

/** The text of a file with a patch in it. Throws if the patch does not fit. */
export const patched = (text: string, { file, from, to }: Patch): string => {
  const parts = text.split(from)
  if (parts.length === 2) return parts.join(to)
  throw new Error(`src/${file}: the text to be changed occurs ${parts.length - 1} times: ${from}`)
}
