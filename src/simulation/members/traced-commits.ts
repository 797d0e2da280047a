import { partitionKey } from '../../domain/topic-partition.js'
import type { ProcessRecorder } from '../../runtime/trace-recorder.js'
import type { ApiName, RequestInput } from '../../transport/protocol/registry.js'
import type { RequestMaker, TransportService } from '../../transport/transport.js'

/** Tells of each OffsetCommit at the moment it is sent, whichever way it goes. */
export const tracedCommits = (
  transport: TransportService,
  recorder: ProcessRecorder,
): TransportService => ({
  ...transport,
  request: (target, api, input, options) =>
    transport.request(
      target,
      api,
      api === 'OffsetCommit' ? traced(input, recorder) : input,
      options,
    ),
})

const traced =
  <N extends ApiName>(input: RequestMaker<N>, recorder: ProcessRecorder) =>
  (version: number): RequestInput<N> => {
    const body = typeof input === 'function' ? input(version) : input
    const { topics, generationIdOrMemberEpoch = -1 } = body as RequestInput<'OffsetCommit'>
    const offsets: Record<string, number> = {}
    for (const { name, partitions } of topics) {
      for (const { partitionIndex, committedOffset } of partitions) {
        offsets[partitionKey(name, partitionIndex)] = committedOffset
      }
    }
    const generation = generationIdOrMemberEpoch
    recorder.fact(recorder.name, { fact: 'commit.sent', generation, offsets })
    return body
  }
