import type { ApiName } from '../../transport/protocol/registry.js'

/** A request or a response as it is before it becomes bytes. Receivers must not change it. */
export type TypedFrame =
  | {
      readonly is: 'request'
      readonly correlationId: number
      readonly api: ApiName
      readonly version: number
      readonly clientId: string
      readonly body: unknown
    }
  | {
      readonly is: 'response'
      readonly correlationId: number
      readonly api: ApiName
      readonly body: unknown
    }
