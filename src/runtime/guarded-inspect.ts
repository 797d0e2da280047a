import type { Inspect } from './runtime.js'

/** An inspector that throws must not break what it looks at: it is dropped, and told of once. */
export const guardedInspect = (
  inspect: Inspect | undefined,
  onBroken: (error: unknown) => void,
): Inspect | undefined => {
  if (inspect === undefined) return undefined
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
