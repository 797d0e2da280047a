import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CodecError, overLimit } from './codec-limit.js'
import { lazyModule } from './codec-module.js'
import { measureZstd } from './zstd-frames.js'

/** The part of WebAssembly used here; the compiler's library has it among the browser's only. */
interface WasmNamespace {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => object
}

/** What the Emscripten glue of @bokuweb/zstd-wasm offers, by zstd's own names. */
interface ZstdGlue {
  instantiateWasm: (imports: object, receive: (instance: object) => object) => object
  init(): void
  /** Replaced when the memory grows: read anew after each `_malloc`. */
  readonly HEAPU8: Uint8Array
  _malloc(size: number): number
  _free(pointer: number): void
  _ZSTD_isError(code: number): number
  _ZSTD_compressBound(size: number): number
  _ZSTD_createCCtx(): number
  _ZSTD_createDCtx(): number
  _ZSTD_compress_usingDict(
    context: number,
    to: number,
    capacity: number,
    from: number,
    size: number,
    dictionary: number,
    dictionarySize: number,
    level: number,
  ): number
  _ZSTD_decompress_usingDict(
    context: number,
    to: number,
    capacity: number,
    from: number,
    size: number,
    dictionary: number,
    dictionarySize: number,
  ): number
}

interface Zstd {
  readonly glue: ZstdGlue
  readonly compressing: number
  readonly decompressing: number
}

/** `-ZSTD_error_dstSize_tooSmall`. */
const OUTPUT_TOO_SMALL = -70
const FIRST_GUESS_BYTES = 1024 * 1024
/** WebAssembly memory never shrinks: an instance grown beyond this is left to the collector. */
const KEEP_MEMORY_BYTES = 64 * 1024 * 1024

/**
 * The package's own `init` is asynchronous. Its glue has Emscripten's `instantiateWasm` hook, which
 * may instantiate synchronously. The glue is taken out of the require cache: an instance of our
 * own, whatever else in the process uses the package.
 */
const zstdLoader = lazyModule('zstd', '@bokuweb/zstd-wasm', (require) => {
  const folder = dirname(require.resolve('@bokuweb/zstd-wasm'))
  const wasm = (globalThis as unknown as { readonly WebAssembly: WasmNamespace }).WebAssembly
  const compiled = new wasm.Module(readFileSync(join(folder, 'zstd.wasm')))
  const gluePath = require.resolve(join(folder, 'zstd.js'))
  return (): Zstd => {
    delete require.cache[gluePath]
    const glue = (require(gluePath) as { readonly Module: ZstdGlue }).Module
    delete require.cache[gluePath]
    glue.instantiateWasm = (imports, receive) => receive(new wasm.Instance(compiled, imports))
    glue.init()
    return {
      glue,
      compressing: glue._ZSTD_createCCtx(),
      decompressing: glue._ZSTD_createDCtx(),
    }
  }
})

let current: Zstd | undefined

/** Runs one call; an instance that trapped or has grown large is not used again. */
const withZstd = <T>(use: (zstd: Zstd) => T): T => {
  const zstd = current ?? zstdLoader()()
  current = undefined
  try {
    const result = use(zstd)
    if (zstd.glue.HEAPU8.length <= KEEP_MEMORY_BYTES) current = zstd
    return result
  } catch (error) {
    if (error instanceof CodecError && zstd.glue.HEAPU8.length <= KEEP_MEMORY_BYTES) current = zstd
    throw error
  }
}

const allocate = (glue: ZstdGlue, size: number): number => {
  const pointer = glue._malloc(Math.max(size, 1))
  if (pointer === 0) throw new CodecError(`zstd has no memory for ${size} bytes`)
  return pointer
}

export const zstdCompress = (bytes: Buffer, level: number): Buffer =>
  withZstd(({ glue, compressing }) => {
    const capacity = glue._ZSTD_compressBound(bytes.length)
    const to = allocate(glue, capacity)
    const from = allocate(glue, bytes.length)
    glue.HEAPU8.set(bytes, from)
    const size = glue._ZSTD_compress_usingDict(
      compressing,
      to,
      capacity,
      from,
      bytes.length,
      0,
      0,
      level,
    )
    const failed = glue._ZSTD_isError(size) !== 0
    const output = failed ? undefined : Buffer.from(glue.HEAPU8.subarray(to, to + size))
    glue._free(from)
    glue._free(to)
    if (output === undefined) throw new CodecError(`zstd error ${-size}`)
    return output
  })

export const zstdDecompress = (bytes: Buffer, maxBytes: number): Buffer => {
  const size = measureZstd(bytes)
  if (size.declared && size.bytes > maxBytes) throw overLimit(maxBytes)
  const most = Math.min(size.bytes, maxBytes)
  return withZstd(({ glue, decompressing }) => {
    const from = allocate(glue, bytes.length)
    glue.HEAPU8.set(bytes, from)
    try {
      let capacity = size.declared ? most : Math.min(most, FIRST_GUESS_BYTES + 8 * bytes.length)
      for (;;) {
        const output = decompressInto(glue, decompressing, from, bytes.length, capacity)
        if (output !== undefined) return output
        if (capacity >= most) {
          if (most < size.bytes) throw overLimit(maxBytes)
          throw new CodecError('a zstd frame holds more than it declares')
        }
        capacity = Math.min(most, capacity * 4)
      }
    } finally {
      glue._free(from)
    }
  })
}

/** Undefined when `capacity` does not suffice. */
const decompressInto = (
  glue: ZstdGlue,
  context: number,
  from: number,
  size: number,
  capacity: number,
): Buffer | undefined => {
  const to = allocate(glue, capacity)
  try {
    const written = glue._ZSTD_decompress_usingDict(context, to, capacity, from, size, 0, 0)
    if (written === OUTPUT_TOO_SMALL) return undefined
    if (glue._ZSTD_isError(written) !== 0) throw new CodecError(`zstd error ${-written}`)
    return Buffer.from(glue.HEAPU8.subarray(to, to + written))
  } finally {
    glue._free(to)
  }
}
