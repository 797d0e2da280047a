import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import type { StreamBusError } from '../../domain/errors.js'
import { resolveProducerConfig } from '../../producer/config.js'
import { ProducerCore } from '../../producer/producer-core.js'
import type { TransportService } from '../../transport/transport.js'
import type { SimulatedProcess } from '../members/process.js'
import { type MakeRecord, recordOf } from './records.js'
import type { Batch, Send } from './source.js'

export interface IdempotentParts {
  readonly process: SimulatedProcess
  readonly connect: () => Effect.Effect<TransportService, StreamBusError>
  readonly requestTimeoutMs: number
  readonly make: MakeRecord
}

type Acknowledged = Parameters<Send>[1]

/** The idempotent producer of production in a process of its own, over the simulated network. */
export const idempotentSend = (parts: IdempotentParts): Send => {
  const { process, connect, requestTimeoutMs, make } = parts
  const early: (readonly [Batch, Acknowledged])[] = []
  let core: ProducerCore | undefined
  const send: Send = (batch, acknowledged) => {
    if (core === undefined) {
      early.push([batch, acknowledged])
      return
    }
    const { topic, partition, firstId, count } = batch
    const records = Array.from({ length: count }, (_, index) => {
      return { partition, ...recordOf(make, { topic, partition, id: firstId + index }) }
    })
    core.send(topic, records, (result) => {
      // What failed may be stored nevertheless: nobody was promised anything.
      if ('sent' in result) acknowledged(result.sent[0]!.offset, process.name)
    })
  }
  const begin = Effect.gen(function* () {
    for (;;) {
      const connected = yield* Effect.result(connect())
      if (Result.isFailure(connected)) continue
      const config = resolveProducerConfig({
        requestTimeoutMs,
        deliveryTimeoutMs: 4 * requestTimeoutMs,
      })
      const transport = connected.success
      core = new ProducerCore({ runtime: process.runtime, transport, config })
      for (const [batch, acknowledged] of early.splice(0)) send(batch, acknowledged)
      return
    }
  })
  process.runtime.run(begin)
  return send
}
