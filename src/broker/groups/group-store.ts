import type { StoredGroup } from '../../machines/group-coordinator/stored-group.js'
import type { Mutation, Store } from '../store/store.js'

export interface StoredOffset {
  /** The next offset to process. */
  readonly offset: number
  /** -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly committedAtMs: number
}

export interface GroupOffset extends StoredOffset {
  readonly topic: string
  readonly partition: number
}

/** Bytes of a group id in a key, where the store's keys end at 1,900 and a topic takes 250. */
const LONGEST_GROUP_ID = 1_500

/** Kafka takes any id; one that no key can hold is refused before it is ever written. */
export const isStorableGroupId = (groupId: string): boolean =>
  Buffer.byteLength(JSON.stringify(groupId)) <= LONGEST_GROUP_ID

/** As JSON, whose quotes end the group id: group `a` never sees what belongs to group `a"b`. */
const offsetKey = (groupId: string, topic: string, partition: number): string =>
  JSON.stringify([groupId, topic, partition])

const offsetPrefix = (groupId: string): string => `[${JSON.stringify(groupId)},`

export const putGroup = (group: StoredGroup): Mutation => ({
  type: 'put',
  table: 'groups',
  key: group.groupId,
  value: group,
})

export const putOffset = (
  groupId: string,
  { topic, partition, ...value }: GroupOffset,
): Mutation => ({
  type: 'put',
  table: 'offsets',
  key: offsetKey(groupId, topic, partition),
  value: value satisfies StoredOffset,
})

export const storedGroups = (store: Store): StoredGroup[] =>
  store.list('groups').map(([, value]) => value as StoredGroup)

export const loadGroup = (store: Store, groupId: string): StoredGroup | undefined =>
  store.get('groups', groupId) as StoredGroup | undefined

export const loadOffset = (
  store: Store,
  groupId: string,
  topic: string,
  partition: number,
): StoredOffset | undefined =>
  store.get('offsets', offsetKey(groupId, topic, partition)) as StoredOffset | undefined

export const loadOffsets = (store: Store, groupId: string): GroupOffset[] =>
  store.list('offsets', offsetPrefix(groupId)).map(([key, value]) => {
    const [, topic, partition] = JSON.parse(key) as [string, string, number]
    return { topic, partition, ...(value as StoredOffset) }
  })

/** The group with all its offsets. */
export const deleteGroup = (store: Store, groupId: string): Mutation[] => [
  { type: 'delete', table: 'groups', key: groupId },
  ...store
    .list('offsets', offsetPrefix(groupId))
    .map(([key]): Mutation => ({ type: 'delete', table: 'offsets', key })),
]

/** What all groups committed for a topic that is gone. */
export const deleteTopicOffsets = (store: Store, topic: string): Mutation[] =>
  store
    .list('offsets')
    .filter(([key]) => (JSON.parse(key) as [string, string, number])[1] === topic)
    .map(([key]) => ({ type: 'delete', table: 'offsets', key }))
