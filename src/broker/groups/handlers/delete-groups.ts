import * as Effect from 'effect/Effect'
import type { Handler } from '../../handler.js'
import { codeOf, groupIdProblem, type RequestError } from '../group-errors.js'
import { deleteGroup } from '../group-store.js'
import type { GroupsParts } from '../groups-parts.js'

/**
 * DeleteGroups, key 42 (KIP-229): groups without members, with all their offsets in one write. The
 * group dies before the write, so that nobody joins meanwhile; if the write fails it is back as it
 * was stored.
 */
export const deleteGroups =
  (parts: GroupsParts): Handler<'DeleteGroups'> =>
  ({ groupsNames }) =>
    Effect.map(
      Effect.forEach([...new Set(groupsNames)], (groupId) =>
        Effect.map(deleteOne(parts, groupId), (error) => ({ groupId, errorCode: codeOf(error) })),
      ),
      (results) => ({ results }),
    )

const deleteOne = (
  { registry, writes, store }: GroupsParts,
  groupId: string,
): Effect.Effect<RequestError | null> =>
  Effect.suspend(() => {
    const problem = groupIdProblem(registry, groupId, { mayBeEmpty: true })
    if (problem !== null) return Effect.succeed(problem)
    const host = registry.find(groupId)
    if (host === undefined) return Effect.succeed('GROUP_ID_NOT_FOUND' as const)
    return Effect.flatMap(host.ask('group.delete', {}), ({ error }) => {
      if (error !== null) return Effect.succeed(error)
      registry.remove(host)
      return Effect.map(writes.write(deleteGroup(store, groupId)), (outcome) => {
        if (outcome.tag === 'stored') return null
        registry.reload(groupId)
        return 'NOT_COORDINATOR' as const
      })
    })
  })
