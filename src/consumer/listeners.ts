import { StreamBusError } from '../domain/errors.js'
import type { MemberState } from '../domain/membership.js'
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

/** An inspector that breaks must not break what it looks at: it is dropped and reported once. */
export const guardInspect = (config: ConsumerConfig): ConsumerConfig => {
  const { inspect } = config
  if (inspect === undefined) return config
  let isBroken = false
  return {
    ...config,
    inspect: (event) => {
      if (isBroken) return
      try {
        inspect(event)
      } catch (error) {
        isBroken = true
        guardedListeners(config).onError(listenerFailure('inspect', error))
      }
    },
  }
}

const listenerFailure = (name: string, error: unknown): StreamBusError => {
  const text = error instanceof Error ? error.message : String(error)
  return new StreamBusError('CALLBACK_FAILED', `${name} threw: ${text}`, { cause: error })
}
