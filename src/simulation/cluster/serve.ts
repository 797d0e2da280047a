import { type ApiName, validVersions } from '../../transport/protocol/registry.js'
import type { Wire } from '../network/wire.js'
import { hostOf, PORT, type SimulatedCluster } from './cluster.js'
import type { Interferences } from './interference.js'
import { nodeHandler } from './node.js'
import type { RequestWatch } from './request-watch.js'

export const addressOf = (nodeId: number): string => `${hostOf(nodeId)}:${PORT}`

export interface ServeParts {
  readonly cluster: SimulatedCluster
  readonly wire: Wire
  readonly interferences: Interferences
  readonly watch: RequestWatch
  /** By how many versions the brokers but the first lie back; the only one does, too. */
  readonly oldness: number
}

/** Every address of the cluster answers, as long as the broker's process runs. */
export const serveAll = ({ cluster, wire, interferences, watch, oldness }: ServeParts): void => {
  for (const nodeId of cluster.nodeIds) {
    const isOld = nodeId > 1 || cluster.nodeIds.length === 1
    const newest = (api: ApiName): number => newestOf(api, isOld ? oldness : 0)
    wire.listen({
      address: addressOf(nodeId),
      party: cluster.party(nodeId),
      runtime: cluster.runtime,
      handle: nodeHandler({ cluster, nodeId, interferences, watch, newest }),
      maxVersion: newest,
    })
  }
}

const newestOf = (api: ApiName, oldness: number): number => {
  const { min, max } = validVersions(api)
  return Math.max(min, max - oldness)
}
