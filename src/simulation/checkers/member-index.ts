/** Of a member's process, `member-5.1`: 5. */
export const memberIndexOf = (process: string): number =>
  Number(/^member-(\d+)/.exec(process)?.[1] ?? 0)
