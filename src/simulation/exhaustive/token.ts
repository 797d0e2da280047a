/** Parts of cells are shared and never change: each is put into words once. */
const tokens = new WeakMap<object, string>()
const tokenOfText = new Map<string, string>()

/** A short word for a value: the same for equal values. */
export const tokenOf = (part: object | null): string => {
  if (part === null) return ''
  let token = tokens.get(part)
  if (token === undefined) {
    const text = JSON.stringify(part)
    token = tokenOfText.get(text)
    if (token === undefined) {
      token = tokenOfText.size.toString(36)
      tokenOfText.set(text, token)
    }
    tokens.set(part, token)
  }
  return token
}
