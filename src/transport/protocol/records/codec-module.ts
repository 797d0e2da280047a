import { createRequire } from 'node:module'
import { StreamBusError } from '../../../domain/errors.js'
import type { CompressionName } from '../../../domain/record.js'

/**
 * Loads a codec's package on its first use. A package that cannot be loaded (a platform without a
 * prebuilt binary) then costs only its own codec, and who never compresses never pays for loading.
 */
export const lazyModule = <T>(
  codec: CompressionName,
  packageName: string,
  load: (require: NodeJS.Require) => T,
): (() => T) => {
  let loaded: T | undefined
  return () => {
    if (loaded === undefined) {
      try {
        loaded = load(createRequire(import.meta.url))
      } catch (cause) {
        throw new StreamBusError(
          'UNSUPPORTED_COMPRESSION',
          `${codec} needs the npm package ${packageName}, which does not load here; ` +
            'install it for this platform, or produce with another codec',
          { kafkaError: 'UNSUPPORTED_COMPRESSION_TYPE', cause },
        )
      }
    }
    return loaded
  }
}
