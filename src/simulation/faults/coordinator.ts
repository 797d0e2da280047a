import type { Draw } from '../plan/draw.js'
import type { Scene } from '../plan/draw-plan.js'
import type { CoordinatorStep } from '../plan/step.js'
import { GROUP, topicName } from '../workload/names.js'
import type { World } from '../world.js'

export const performCoordinator = (world: World, step: CoordinatorStep): void => {
  const { cluster, topics } = world
  const { roles } = cluster
  switch (step.do) {
    case 'moveCoordinator':
      roles.moveCoordinator(GROUP, cluster.nodeOf(step.to))
      world.reloadGroup(step.loadMs)
      break
    case 'reloadGroup':
      world.reloadGroup(step.loadMs)
      break
    case 'moveLeaders':
      for (const [index, partitions] of topics.existing) {
        for (let partition = 0; partition < partitions; partition++) {
          roles.moveLeader(topicName(index), partition, cluster.nodeOf(step.to))
        }
      }
      break
    case 'staleMetadata':
      roles.freezeMetadata(cluster.nodeOf(step.broker))
      world.undoAfter(step.forMs, () => roles.stale.delete(cluster.nodeOf(step.broker)))
      break
    case 'growTopic':
      topics.grow(step.topic, step.by)
      break
    case 'deleteTopic':
      topics.delete(step.topic)
      break
    case 'createTopic':
      topics.create(step.topic)
      break
  }
}

export const drawCoordinator = (
  draw: Draw,
  { brokers, topics, hasHandler }: Scene,
): CoordinatorStep => {
  const topic = draw.int(0, topics - 1)
  const broker = draw.int(1, brokers)
  const loadMs = draw.pick([0, 50, 500, 3_000])
  switch (draw.weighted(KINDS)) {
    case 'moveCoordinator':
      return { do: 'moveCoordinator', to: broker, loadMs }
    case 'reloadGroup':
      return { do: 'reloadGroup', loadMs }
    case 'moveLeaders':
      return { do: 'moveLeaders', to: broker }
    case 'staleMetadata':
      return { do: 'staleMetadata', broker, forMs: draw.int(500, 10_000) }
    case 'growTopic':
      return { do: 'growTopic', topic, by: draw.int(1, 4) }
    case 'deleteTopic':
      // Whoever counts what was handled has to count on records.
      return hasHandler ? { do: 'reloadGroup', loadMs } : { do: 'deleteTopic', topic }
  }
}

const KINDS = [
  [4, 'moveCoordinator'],
  [2, 'reloadGroup'],
  [2, 'moveLeaders'],
  [1, 'staleMetadata'],
  [2, 'growTopic'],
  [1, 'deleteTopic'],
] as const
