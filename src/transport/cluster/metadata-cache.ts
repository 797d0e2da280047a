import type { Runtime } from '../../runtime/runtime.js'
import type { ResponseBody } from '../protocol/registry.js'
import type { ClusterView } from '../transport.js'
import type { TransportLogger } from './broker-connection.js'
import { emptyView, mergeMetadata } from './cluster-view.js'

export type Topics = ReadonlySet<string> | 'all'

export interface MetadataStamp {
  readonly atMs: number
  /** How often the cache had been invalidated when the question was put. */
  readonly invalidations: number
}

/** The last known view, how old each part of it is, and who wants to hear of changes. */
export class MetadataCache {
  readonly #runtime: Runtime
  readonly #logger: TransportLogger
  readonly #onNews: (view: ClusterView) => void
  readonly #listeners = new Set<(view: ClusterView) => void>()
  /** Topics that somebody asked for by name. */
  readonly #named = new Set<string>()
  readonly #topicStamps = new Map<string, MetadataStamp>()
  #clusterStamp: MetadataStamp | undefined
  #allStamp: MetadataStamp | undefined
  #invalidations = 0
  #view: ClusterView = emptyView

  /** `onNews` runs before the listeners, and only when something changed. */
  constructor(runtime: Runtime, logger: TransportLogger, onNews: (view: ClusterView) => void) {
    this.#runtime = runtime
    this.#logger = logger
    this.#onNews = onNews
  }

  get view(): ClusterView {
    return this.#view
  }

  /** To be taken when a question is put, and handed in with its answer. */
  stamp(): MetadataStamp {
    return { atMs: this.#runtime.clock.elapsed(), invalidations: this.#invalidations }
  }

  isCurrent(stamp: MetadataStamp): boolean {
    return stamp.invalidations === this.#invalidations
  }

  invalidate(): void {
    this.#invalidations++
  }

  isFresh(topics: Topics, maxAgeMs: number): boolean {
    if (topics === 'all') return this.#isYoung(this.#allStamp, maxAgeMs)
    if (topics.size === 0) return this.#isYoung(this.#clusterStamp, maxAgeMs)
    for (const name of topics) {
      const topic = this.#view.topics.get(name)
      if (topic === undefined || topic.errorCode !== 0) return false
      if (!this.#isYoung(this.#topicStamps.get(name), maxAgeMs)) return false
    }
    return true
  }

  /** Throws MALFORMED_MESSAGE; the view is unchanged then. */
  take(asked: Topics, response: ResponseBody<'Metadata'>, stamp: MetadataStamp): void {
    if (asked !== 'all') for (const name of asked) this.#named.add(name)
    const next = mergeMetadata(this.#view, asked, this.#named, response)
    this.#clusterStamp = stamp
    if (asked === 'all') {
      this.#allStamp = stamp
      this.#topicStamps.clear()
    }
    for (const name of asked === 'all' ? next.topics.keys() : asked) {
      this.#topicStamps.set(name, stamp)
    }
    if (next === this.#view) return
    this.#view = next
    this.#onNews(next)
    for (const listener of [...this.#listeners]) this.#tell(listener, next)
  }

  watch(listener: (view: ClusterView) => void): () => void {
    // A wrapper of its own, so that the same function may be registered twice.
    const own = (view: ClusterView): void => listener(view)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  /** A listener that throws must not keep the news from the others. */
  #tell(listener: (view: ClusterView) => void, view: ClusterView): void {
    try {
      listener(view)
    } catch (error) {
      this.#logger.warn({ error: String(error) }, 'a metadata listener threw')
    }
  }

  #isYoung(stamp: MetadataStamp | undefined, maxAgeMs: number): boolean {
    if (stamp === undefined || !this.isCurrent(stamp)) return false
    return this.#runtime.clock.elapsed() - stamp.atMs <= maxAgeMs
  }
}
