import type { GroupCell } from './coordinator-cell.js'
import type { AnyGroupEvent } from './coordinator-steps.js'
import { bitOfId } from './identities.js'

const SESSION = 'session:'

/** The session timers and the timer for SyncGroup, as a step of the chart leaves them. */
export class Timers {
  readonly sessions: Set<string>
  isSyncTimed: boolean
  /** Members whose session began anew in this step, as bits. */
  renewed = 0

  constructor(before: GroupCell | null, event: AnyGroupEvent | null) {
    this.sessions = new Set(before?.sessions)
    this.isSyncTimed = (before?.unsynced ?? 0) !== 0
    if (event?.type === 'session.expired') this.sessions.delete(event.memberId ?? '')
    if (event?.type === 'sync.expired') this.isSyncTimed = false
  }

  start(id: string): void {
    if (id === 'sync') this.isSyncTimed = true
    if (!id.startsWith(SESSION)) return
    const memberId = id.slice(SESSION.length)
    this.sessions.add(memberId)
    this.renewed |= bitOfId(memberId)
  }

  cancel(id: string): void {
    if (id === 'sync') this.isSyncTimed = false
    if (id.startsWith(SESSION)) this.sessions.delete(id.slice(SESSION.length))
  }
}
