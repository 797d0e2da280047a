import { StreamBusError } from '../../domain/errors.js'
import { errorCode } from '../protocol/kafka-errors.js'
import type { ResponseBody } from '../protocol/registry.js'
import type { BrokerNode, ClusterView, PartitionView, TopicView } from '../transport.js'

type Metadata = ResponseBody<'Metadata'>
type ReceivedTopic = Metadata['topics'][number]

export const emptyView: ClusterView = {
  clusterId: null,
  controllerId: -1,
  nodes: new Map(),
  topics: new Map(),
  revision: 0,
}

/**
 * The view after a response. A topic that was asked for gets what the broker says of it, its
 * error included; one that was asked for and left out is unknown to the broker. After a request
 * for all topics, those that are gone and that nobody asked for by name (`kept`) are dropped.
 * Gives the same object when nothing changed. Throws MALFORMED_MESSAGE for what cannot be true.
 */
export const mergeMetadata = (
  view: ClusterView,
  asked: ReadonlySet<string> | 'all',
  kept: ReadonlySet<string>,
  response: Metadata,
): ClusterView => {
  const nodes = nodesOf(response)
  const topics = new Map<string, TopicView>(asked === 'all' ? [] : view.topics)
  for (const name of asked === 'all' ? kept : asked) topics.set(name, unknownTopic(name))
  for (const received of response.topics) {
    const { name } = received
    if (name === null || (asked !== 'all' && !asked.has(name))) continue
    topics.set(name, withoutOlderNews(view.topics.get(name), topicOf(name, received)))
  }
  const next: ClusterView = {
    clusterId: response.clusterId ?? view.clusterId,
    controllerId: response.controllerId,
    // A broker that is just starting may not know anyone yet, not even itself.
    nodes: nodes.size === 0 ? view.nodes : nodes,
    topics,
    revision: view.revision,
  }
  return sameView(view, next) ? view : { ...next, revision: view.revision + 1 }
}

const nodesOf = ({ brokers }: Metadata): Map<number, BrokerNode> => {
  const nodes = new Map<number, BrokerNode>()
  for (const { nodeId, host, port, rack } of brokers) {
    if (nodeId < 0 || host === '' || port < 0 || port > 65_535) {
      throw malformed(`broker ${nodeId} at ${JSON.stringify(host)}:${port}`)
    }
    if (nodes.has(nodeId)) throw malformed(`broker ${nodeId} twice`)
    nodes.set(nodeId, { nodeId, host, port, rack })
  }
  return nodes
}

const topicOf = (name: string, received: ReceivedTopic): TopicView => {
  const { topicId, errorCode } = received
  const partitions = received.partitions
    .map(
      ({ partitionIndex, leaderId, leaderEpoch, replicaNodes }): PartitionView => ({
        partition: partitionIndex,
        leader: leaderId < 0 ? -1 : leaderId,
        leaderEpoch,
        replicas: replicaNodes,
      }),
    )
    .sort((a, b) => a.partition - b.partition)
  partitions.forEach(({ partition }, index) => {
    const twice = partitions[index - 1]?.partition === partition
    if (partition < 0 || twice) {
      throw malformed(`partition ${partition} of topic ${name}${twice ? ' twice' : ''}`, name)
    }
  })
  return { name, topicId, errorCode, partitions }
}

const unknownTopic = (name: string): TopicView => ({
  name,
  topicId: NO_TOPIC_ID,
  errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION'),
  partitions: [],
})

const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/**
 * Brokers learn of a new partition leader one after the other: an answer with an older leader
 * epoch, for the same topic id, tells what we know to be over (KIP-320).
 */
const withoutOlderNews = (known: TopicView | undefined, news: TopicView): TopicView => {
  if (known === undefined || known.topicId !== news.topicId) return news
  const before = new Map(known.partitions.map((each) => [each.partition, each]))
  return {
    ...news,
    partitions: news.partitions.map((each) => {
      const older = before.get(each.partition)
      const isOld = each.leaderEpoch >= 0 && older !== undefined
      return isOld && each.leaderEpoch < older.leaderEpoch ? older : each
    }),
  }
}

const sameView = (a: ClusterView, b: ClusterView): boolean =>
  a.clusterId === b.clusterId &&
  a.controllerId === b.controllerId &&
  sameEntries(a.nodes, b.nodes, sameNode) &&
  sameEntries(a.topics, b.topics, sameTopic)

const sameEntries = <K, V>(
  a: ReadonlyMap<K, V>,
  b: ReadonlyMap<K, V>,
  same: (one: V, other: V) => boolean,
): boolean => {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [key, value] of a) {
    const other = b.get(key)
    if (other === undefined || !(value === other || same(value, other))) return false
  }
  return true
}

export const sameNode = (a: BrokerNode, b: BrokerNode): boolean =>
  a.nodeId === b.nodeId && a.host === b.host && a.port === b.port && a.rack === b.rack

const sameTopic = (a: TopicView, b: TopicView): boolean =>
  a.topicId === b.topicId &&
  a.errorCode === b.errorCode &&
  a.partitions.length === b.partitions.length &&
  a.partitions.every((each, index) => samePartition(each, b.partitions[index]!))

const samePartition = (a: PartitionView, b: PartitionView): boolean =>
  a.partition === b.partition &&
  a.leader === b.leader &&
  a.leaderEpoch === b.leaderEpoch &&
  a.replicas.length === b.replicas.length &&
  a.replicas.every((replica, index) => replica === b.replicas[index])

const malformed = (what: string, topic?: string): StreamBusError =>
  new StreamBusError('MALFORMED_MESSAGE', `Metadata names ${what}`, {
    ...(topic === undefined ? {} : { topic }),
  })
