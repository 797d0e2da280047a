/** Compressed bytes that break their format, or that would grow beyond what the reader allows. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
}

export const overLimit = (maxBytes: number): CodecError =>
  new CodecError(`it decompresses to more than the ${maxBytes} bytes allowed`)
