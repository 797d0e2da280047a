import * as Effect from 'effect/Effect'
import type { Handler } from '../../handler.js'
import { codeOf } from '../group-errors.js'
import type { GroupsParts } from '../groups-parts.js'
import { kafkaGroupState } from '../kafka-group-state.js'

/**
 * ListGroups, key 16. v4 filters by state (KIP-518), v5 by type (KIP-848): all groups here are of
 * the type `classic`. Filters do not mind upper and lower case; an empty one lets everything pass.
 */
export const listGroups =
  ({ registry }: GroupsParts): Handler<'ListGroups'> =>
  ({ statesFilter, typesFilter }) =>
    Effect.sync(() => {
      if (registry.closed) return { errorCode: codeOf('COORDINATOR_NOT_AVAILABLE'), groups: [] }
      const states = lowerCase(statesFilter)
      const types = lowerCase(typesFilter)
      const groups = registry.all().map(({ groupId, state, context }) => ({
        groupId,
        protocolType: context.protocolType ?? '',
        groupState: kafkaGroupState(state),
        groupType: 'classic',
      }))
      return {
        errorCode: codeOf(null),
        groups: groups.filter(
          ({ groupState }) =>
            (states.size === 0 || states.has(groupState.toLowerCase())) &&
            (types.size === 0 || types.has('classic')),
        ),
      }
    })

const lowerCase = (filter: readonly string[]): ReadonlySet<string> =>
  new Set(filter.map((each) => each.toLowerCase()))
