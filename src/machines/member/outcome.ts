/** A named guard that asks for the tag of the outcome an invoked actor ended with. */
export const outcomeIs =
  (tag: string) =>
  ({ event }: { readonly event: unknown }): boolean =>
    (event as { readonly output?: { readonly tag?: string } }).output?.tag === tag

/**
 * The outcome in a done event. XState types a named action's event as the machine's own events,
 * which leave out the done events of its invoked actors; hence this one cast.
 */
export const outcomeOf = <O extends { readonly tag: string }, T extends O['tag']>(
  event: unknown,
  tag: T,
): Extract<O, { readonly tag: T }> => {
  const output = (event as { readonly output?: O }).output
  if (output?.tag !== tag) {
    throw new Error(`StreamBus defect: expected the outcome '${tag}', got '${output?.tag}'`)
  }
  return output as Extract<O, { readonly tag: T }>
}
