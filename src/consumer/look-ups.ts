import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import { StreamBusError } from '../domain/errors.js'
import { keyOf, type TopicPartition, tpOf } from '../domain/topic-partition.js'
import { EARLIEST, LATEST, listOffsets } from '../transport/requests/list-offsets.js'
import type { ConsumerCore } from './consumer-core.js'

export type SeekTarget = number | 'beginning' | 'end' | { readonly timestampMs: number }

/** Rejects with UNKNOWN_TOPIC, naming the first topic or partition that does not exist. */
export const requireTopics = async (
  { parts }: ConsumerCore,
  wanted: readonly (string | TopicPartition)[],
): Promise<void> => {
  const { transport, config, runtime } = parts
  const names = [...new Set(wanted.map((one) => (typeof one === 'string' ? one : one.topic)))]
  const look = transport.metadata(names, { timeoutMs: config.requestTimeoutMs })
  const result = await runtime.promise(Effect.result(look))
  // A cluster that cannot be reached now is the member's business: it tries until it can.
  if (Result.isFailure(result)) return
  for (const one of wanted) {
    const topic = typeof one === 'string' ? one : one.topic
    const view = result.success.topics.get(topic)
    const partitions = view?.partitions.length ?? 0
    if (view === undefined || view.errorCode === 3 || view.errorCode === 17) {
      const text = `topic ${topic} does not exist: create it, or check its name and the brokers`
      throw new StreamBusError('UNKNOWN_TOPIC', text, { topic })
    }
    if (typeof one !== 'string' && partitions > 0 && one.partition >= partitions) {
      const text = `topic ${topic} has partitions 0 to ${partitions - 1}, not ${one.partition}`
      throw new StreamBusError('UNKNOWN_TOPIC', text, { topic, partition: one.partition })
    }
  }
}

/** The offset that a place in words or in time stands for. */
export const lookUpOffset = async (
  { parts }: ConsumerCore,
  tp: TopicPartition,
  target: Exclude<SeekTarget, number>,
): Promise<number> => {
  const { transport, config, runtime } = parts
  const timestamp =
    target === 'beginning' ? EARLIEST : target === 'end' ? LATEST : target.timestampMs
  const options = { timeoutMs: config.requestTimeoutMs, isolationLevel: config.isolationLevel }
  const ask = async (at: number): Promise<number> => {
    const query = { ...tpOf(tp), timestamp: at }
    const answers = await runtime.promise(listOffsets(transport, [query], options))
    const answer = answers.get(keyOf(tp))
    if (answer?.errorCode === 0) return answer.offset
    const text = `seek ${keyOf(tp)}: no leader could say where that is`
    throw new StreamBusError('BROKER_ERROR', text, { ...tpOf(tp), retriable: true })
  }
  const offset = await ask(timestamp)
  // No record is that young: what comes next is what was asked for.
  return offset < 0 ? ask(LATEST) : offset
}
