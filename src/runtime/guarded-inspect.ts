import type { Inspect, Inspector } from './runtime.js'

/** An inspector that throws must not break what it looks at: it is dropped, and told of once. */
export const guardedInspect = (
  inspector: Inspector | undefined,
  onBroken: (error: unknown) => void,
): Inspect | undefined => {
  if (inspector === undefined) return undefined
  const inspect: Inspect =
    typeof inspector === 'function' ? inspector : (event) => inspector.next?.(event)
  let isBroken = false
  return (event) => {
    if (isBroken) return
    try {
      inspect(event)
    } catch (error) {
      isBroken = true
      onBroken(error)
    }
  }
}
