import * as Effect from 'effect/Effect'
import { errorResponse } from '../../broker/error-response.js'
import type { ApiName, RequestBody, ResponseInput } from '../../transport/protocol/registry.js'

type Answer<N extends ApiName> = Effect.Effect<ResponseInput<N> | null>
type Leads = (topic: string, topicId: string, partition: number) => boolean

/**
 * A node answers for the partitions that it leads; for the others of a request it says that it does
 * not. Where it leads none, the request is not handled at all.
 */
export const leadersOnly = <N extends ApiName>(
  api: N,
  body: RequestBody<N>,
  leads: Leads,
  handle: (body: RequestBody<N>) => Answer<N>,
): Answer<N> => {
  const split = splitters[api] as Splitter | undefined
  if (split === undefined) return handle(body)
  const [mine, foreign] = split(body, leads)
  if (foreign === undefined) return handle(body)
  // Only the parts that can be answered in any version: the error's own field is in all of them.
  const refused = errorResponse(api, foreign as RequestBody<N>, 'NOT_LEADER_OR_FOLLOWER', 0)
  if (mine === undefined) {
    return Effect.succeed('errorCode' in refused ? { ...refused, errorCode: 0 } : refused)
  }
  return Effect.map(handle(mine as RequestBody<N>), (answer) =>
    answer === null ? null : joined(answer, refused),
  )
}

type Splitter = (body: unknown, leads: Leads) => readonly [mine: unknown, foreign: unknown]

const splitters: Partial<Record<ApiName, Splitter>> = {
  Fetch: (given, leads) => {
    const body = given as RequestBody<'Fetch'>
    const [mine, foreign] = parted(body.topics, (topic, wanted) => {
      const led = (partition: number) => leads(topic.topic, topic.topicId, partition)
      const partitions = topic.partitions.filter(({ partition }) => led(partition) === wanted)
      return partitions.length === 0 ? [] : [{ ...topic, partitions }]
    })
    // Something to report: nothing is waited for then.
    const maxWaitMs = foreign === undefined ? body.maxWaitMs : 0
    return [mine && { ...body, topics: mine, maxWaitMs }, foreign && { ...body, topics: foreign }]
  },
  ListOffsets: (given, leads) => {
    const body = given as RequestBody<'ListOffsets'>
    const [mine, foreign] = parted(body.topics, (topic, wanted) => {
      const led = (partition: number) => leads(topic.name, '', partition)
      const partitions = topic.partitions.filter((one) => led(one.partitionIndex) === wanted)
      return partitions.length === 0 ? [] : [{ ...topic, partitions }]
    })
    return [mine && { ...body, topics: mine }, foreign && { ...body, topics: foreign }]
  },
  Produce: (given, leads) => {
    const body = given as RequestBody<'Produce'>
    const [mine, foreign] = parted(body.topicData, (topic, wanted) => {
      const led = (partition: number) => leads(topic.name, topic.topicId, partition)
      const partitionData = topic.partitionData.filter(({ index }) => led(index) === wanted)
      return partitionData.length === 0 ? [] : [{ ...topic, partitionData }]
    })
    return [mine && { ...body, topicData: mine }, foreign && { ...body, topicData: foreign }]
  },
}

/** Topics with what is led here, and with what is not. */
const parted = <T>(
  topics: readonly T[],
  part: (topic: T, wanted: boolean) => readonly T[],
): readonly [mine: readonly T[] | undefined, foreign: readonly T[] | undefined] => {
  const [mine, foreign] = [true, false].map((wanted) =>
    topics.flatMap((topic) => part(topic, wanted)),
  ) as [T[], T[]]
  return [mine.length === 0 ? undefined : mine, foreign.length === 0 ? undefined : foreign]
}

/** Topics of both; that one topic may stand in it twice is no matter to any client of ours. */
const joined = <N extends ApiName>(a: ResponseInput<N>, b: ResponseInput<N>): ResponseInput<N> => {
  const key = (['responses', 'topics'] as const).find((name) => name in a) as keyof typeof a
  const lists = [a[key], b[key]] as unknown as readonly (readonly unknown[])[]
  return { ...a, [key]: lists.flat() }
}
