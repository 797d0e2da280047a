import { StreamBusError } from '../domain/errors.js'
import type { MemberState } from '../domain/membership.js'
import { guardedInspect } from '../runtime/guarded-inspect.js'
import type { Inspector } from '../runtime/runtime.js'
import type { ConsumerConfig } from './config.js'

/**
 * The application's listeners are called from within the consumer's own steps: what they throw is
 * reported to `onError` and goes no further. What `onError` throws has nobody left to hear it.
 */
export const guardedListeners = ({ onError, onStateChange }: ConsumerConfig) => {
  const report = (error: StreamBusError): void => {
    try {
      onError?.(error)
    } catch {
      // It is the last place to tell.
    }
  }
  return {
    onError: report,
    onStateChange: (state: MemberState, previous: MemberState): void => {
      try {
        onStateChange?.(state, previous)
      } catch (error) {
        report(listenerFailure('onStateChange', error))
      }
    },
  }
}

export const guardInspect = (
  config: ConsumerConfig,
  inspector: Inspector | undefined,
): ConsumerConfig => {
  const { onError } = guardedListeners(config)
  const inspect = guardedInspect(inspector, (error) => onError(listenerFailure('inspect', error)))
  return inspect === undefined ? config : { ...config, inspect }
}

const listenerFailure = (name: string, error: unknown): StreamBusError => {
  const text = error instanceof Error ? error.message : String(error)
  return new StreamBusError('CALLBACK_FAILED', `${name} threw: ${text}`, { cause: error })
}
