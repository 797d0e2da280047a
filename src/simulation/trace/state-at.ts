import type { Frame } from '../../domain/trace.js'
import { Dispatch } from '../checkers/dispatch.js'
import { Owners } from '../checkers/owners.js'

/** How things stood after a frame. */
export interface StateAt {
  /** Of each chart that ran, by its actor: its active states. */
  readonly charts: ReadonlyMap<string, string>
  /** By process, the partitions that its application was told it has. */
  readonly held: ReadonlyMap<string, readonly string[]>
}

export const stateAt = (frames: readonly Frame[], seq: number): StateAt => {
  const charts = new Map<string, string>()
  const processes = new Set<string>()
  const owners = new Owners()
  const forget = ({ process }: { readonly process: string }): void => {
    for (const actor of [...charts.keys()]) {
      if (actor === process || actor.startsWith(`${process}/`)) charts.delete(actor)
    }
  }
  const watch = new Dispatch([
    owners.watch,
    { crash: forget, left: forget },
    {
      transition: ({ actor, states, chart }) => {
        if (chart === 'partition' && (states === 'released' || states === 'lost'))
          charts.delete(actor)
        else charts.set(actor, states)
      },
      assign: ({ process }) => processes.add(process),
    },
  ])
  for (const frame of frames) {
    if (frame.seq > seq) break
    watch.see(frame)
  }
  const held = [...processes].map((process) => [process, owners.of(process).sort()] as const)
  return { charts, held: new Map(held.filter(([, partitions]) => partitions.length > 0)) }
}
