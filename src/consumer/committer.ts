import * as Effect from 'effect/Effect'
import * as Semaphore from 'effect/Semaphore'
import { StreamBusError } from '../domain/errors.js'
import type { CommitOutcome, ErrorInfo, MemberState } from '../domain/membership.js'
import { keyOf, type TopicPartitionOffset } from '../domain/topic-partition.js'
import type { MemberIdentity } from '../machines/member/context.js'
import type { MemberEvent } from '../machines/member/events.js'
import type { Clock } from '../runtime/clock.js'
import type { ConsumerConfig } from './config.js'
import type { GroupVerdict } from './group/classify.js'
import { type CommitResult, commitRequest } from './group/commit-request.js'
import type { GroupClient } from './group/group-client.js'
import type { PartitionSlot } from './partition-slot.js'

const RETRY_MS = 100

/** Where the member stands, as far as a commit must know. */
export interface MembershipView {
  readonly state: () => MemberState
  /** False between JoinGroup and the assignment, when no generation is ours to commit under. */
  readonly canCommit: () => boolean
  readonly identity: () => MemberIdentity
  /** Resumes at the next change of the member's state, or when the time is up. */
  readonly changed: (timeoutMs: number) => Effect.Effect<void>
  readonly tell: (event: MemberEvent) => void
  /** Told to every later caller when the member has failed. */
  readonly failure: () => StreamBusError | undefined
}

export interface CommitterParts {
  readonly clock: Clock
  readonly config: ConsumerConfig
  readonly client: GroupClient
  readonly slots: ReadonlyMap<string, PartitionSlot>
  readonly membership: MembershipView
}

/**
 * Commits, one request at a time and in order, so that an older position can never overwrite a
 * newer one. A commit is sent under the generation that owns the partition at that moment.
 */
export class Committer {
  readonly #parts: CommitterParts
  readonly #turn = Semaphore.makeUnsafe(1)
  readonly #gone = new Set<string>()
  readonly #underWay = new Set<UnderWay>()
  commits = 0
  commitFailures = 0

  constructor(parts: CommitterParts) {
    this.#parts = parts
  }

  /** Done and not yet committed, of the given slots. */
  pending(slots: Iterable<PartitionSlot>): TopicPartitionOffset[] {
    const offsets: TopicPartitionOffset[] = []
    for (const { topic, partition, offsets: at } of slots) {
      if (at.done >= 0 && at.done !== at.committed)
        offsets.push({ topic, partition, offset: at.done })
    }
    return offsets
  }

  /**
   * A partition went. What was being committed of it may still wait to be sent: nothing may be
   * committed of what is gone. Work that was handed out and is not committed is remembered.
   */
  noteGone(slot: PartitionSlot): void {
    for (const { keys, giveUp } of [...this.#underWay]) if (keys.has(slot.key)) giveUp()
    const { done, committed } = slot.offsets
    if (slot.recordsHandedOut === 0) return
    if (slot.outstanding !== null || done !== committed) this.#gone.add(slot.key)
  }

  /** The application asked for more: it does not mean to commit what went. */
  forgetGone(): void {
    if (this.#gone.size > 0) this.#gone.clear()
  }

  /**
   * Everything done. Fails with COMMIT_FAILED also when partitions went since the application
   * last asked for records: what it just worked on is not stored, and will be delivered again.
   */
  commitDone(): Effect.Effect<void, StreamBusError> {
    const { slots, config } = this.#parts
    return Effect.flatMap(
      this.commit(() => this.pending(slots.values())),
      () => {
        if (this.#gone.size === 0) return Effect.void
        const text = `${[...this.#gone].join(', ')} went to others before this commit`
        this.#gone.clear()
        return Effect.fail(commitFailed(text, config, false))
      },
    )
  }

  /**
   * The application's own commit: waits out a rebalance, retries what may pass until
   * requestTimeoutMs is over, and fails with COMMIT_FAILED, NOT_ASSIGNED or MEMBER_FENCED. It
   * concerns what the member holds when it is called: a partition that goes and comes back
   * meanwhile may have been worked on by others, whose commits it must not take back.
   */
  commit(offsets: () => readonly TopicPartitionOffset[]): Effect.Effect<void, StreamBusError> {
    const { clock, config, slots } = this.#parts
    const loop = Effect.gen({ self: this }, function* () {
      const deadline = clock.elapsed() + config.requestTimeoutMs
      const holders: Holders = new Map(offsets().map((at) => [keyOf(at), slots.get(keyOf(at))]))
      const wanted = this.#unlessOvertaken(offsets)
      for (;;) {
        yield* this.#awaitMembership(deadline)
        // Only the request itself has its turn: a hand-over must not wait for our pauses.
        const send = this.#sendOwned(wanted, holders, deadline)
        const outcome = yield* this.#turn.withPermits(1)(send)
        if (outcome.tag === 'committed') return
        const last = describe(outcome)
        if (outcome.tag === 'refused') return yield* Effect.fail(commitFailed(last, config, false))
        if (clock.elapsed() + RETRY_MS >= deadline) {
          return yield* Effect.fail(commitFailed(last, config, true))
        }
        yield* outcome.tag === 'unavailable'
          ? Effect.sleep(RETRY_MS)
          : this.#parts.membership.changed(RETRY_MS)
      }
    })
    // The time in line counts: an application waits no longer than it was told.
    return Effect.timeoutOrElse(catchThrown(loop), {
      duration: config.requestTimeoutMs + RETRY_MS,
      orElse: () => Effect.fail(commitFailed('another commit is still under way', config, true)),
    })
  }

  /** Before partitions go: what is done is committed, for as long as the hand-over allows. */
  commitBeforeRevoke(
    slots: readonly PartitionSlot[],
    identity: MemberIdentity,
    timeoutMs: number,
  ): Effect.Effect<CommitOutcome> {
    const { clock } = this.#parts
    const attempt = (deadline: number) =>
      Effect.gen({ self: this }, function* () {
        for (;;) {
          const wanted = this.pending(slots)
          if (wanted.length === 0) return { tag: 'committed' } as const
          const outcome = yield* this.#send(wanted, deadline - clock.elapsed(), identity)
          if (outcome.tag !== 'unavailable' || clock.elapsed() + RETRY_MS >= deadline)
            return outcome
          yield* Effect.sleep(RETRY_MS)
        }
      })
    return Effect.suspend(() =>
      Effect.timeoutOrElse(this.#turn.withPermits(1)(attempt(clock.elapsed() + timeoutMs)), {
        duration: timeoutMs,
        orElse: () => Effect.succeed(outOfTime(timeoutMs)),
      }),
    )
  }

  /** One auto-commit: a failure waits for the next interval. */
  commitPending(): Effect.Effect<CommitOutcome> {
    const attempt = Effect.suspend((): Effect.Effect<CommitOutcome> => {
      const { membership, slots, config } = this.#parts
      const wanted = this.pending(slots.values())
      if (wanted.length === 0 || !membership.canCommit()) {
        return Effect.succeed({ tag: 'committed' })
      }
      return this.#send(wanted, config.requestTimeoutMs)
    })
    return this.#turn.withPermits(1)(attempt)
  }

  /**
   * What is still to be stored of an application's commit. Asked again after a pause, it leaves out
   * what a later commit has gone beyond meanwhile: a retry must not take that back.
   */
  #unlessOvertaken(
    offsets: () => readonly TopicPartitionOffset[],
  ): () => readonly TopicPartitionOffset[] {
    const before = new Map<string, number>()
    return () =>
      offsets().filter((at) => {
        const committed = this.#parts.slots.get(keyOf(at))?.offsets.committed ?? -1
        const first = before.get(keyOf(at)) ?? committed
        before.set(keyOf(at), first)
        return committed === first || at.offset > committed
      })
  }

  #sendOwned(
    wanted: () => readonly TopicPartitionOffset[],
    holders: Holders,
    deadline: number,
  ): Effect.Effect<CommitOutcome> {
    return Effect.suspend(() => {
      const offsets = wanted()
      if (offsets.length === 0) return Effect.succeed<CommitOutcome>({ tag: 'committed' })
      this.#requireOwned(offsets, holders)
      return this.#send(offsets, deadline - this.#parts.clock.elapsed())
    })
  }

  #send(
    offsets: readonly TopicPartitionOffset[],
    timeoutMs: number,
    as?: MemberIdentity,
  ): Effect.Effect<CommitOutcome> {
    const { client, slots, membership, config } = this.#parts
    const identity = as ?? membership.identity()
    this.commits++
    // A slot that goes and comes back while the request is under way is another ownership.
    const holders = new Map(offsets.map((offset) => [keyOf(offset), slots.get(keyOf(offset))]))
    const request = commitRequest(
      client,
      identity,
      offsets,
      Math.max(1, Math.min(timeoutMs, config.requestTimeoutMs)),
    )
    const keys = new Set(holders.keys())
    const unlessGone = Effect.raceFirst(request, this.#gaveUp(keys))
    return Effect.map(unlessGone, ({ verdict, committed }): CommitOutcome => {
      for (const offset of offsets) {
        const slot = holders.get(keyOf(offset))
        if (slot === undefined || !committed.has(slot.key)) continue
        slot.offsets.committed = offset.offset
        // An explicit commit says what is done; the next auto-commit must not take it back.
        slot.offsets.done = Math.max(slot.offsets.done, offset.offset)
      }
      if (verdict.tag === 'ok') return { tag: 'committed' }
      this.commitFailures++
      if (verdict.tag === 'memberUnknown') {
        const { generation } = identity
        membership.tell({ type: 'member.unknown', kafkaError: verdict.kafkaError, generation })
      }
      if (verdict.tag === 'rebalancing') {
        const what = 'a commit was answered REBALANCE_IN_PROGRESS'
        membership.tell({ type: 'group.rebalancing', cause: { what, evidence: 'observed' } })
      }
      if (verdict.tag === 'refused' && verdict.error.kafkaError === 'FENCED_INSTANCE_ID') {
        membership.tell({ type: 'member.replaced', error: verdict.error })
      }
      return verdict
    })
  }

  /** Ends when one of the partitions goes. */
  #gaveUp(keys: ReadonlySet<string>): Effect.Effect<CommitResult> {
    return Effect.callback<CommitResult>((resume) => {
      const underWay: UnderWay = {
        keys,
        giveUp: () => {
          this.#underWay.delete(underWay)
          resume(Effect.succeed({ verdict: PARTITIONS_GONE, committed: new Set() }))
        },
      }
      this.#underWay.add(underWay)
      return Effect.sync(() => this.#underWay.delete(underWay))
    })
  }

  *#awaitMembership(deadline: number) {
    const { clock, membership, config } = this.#parts
    for (;;) {
      if (membership.canCommit()) return
      const failure = membership.failure()
      if (failure !== undefined) return yield* Effect.fail(failure)
      const state = membership.state()
      if (state !== 'joining' && state !== 'syncing' && state !== 'rebalancing') {
        return yield* Effect.fail(notAMember(state, config))
      }
      const left = deadline - clock.elapsed()
      if (left <= 0) {
        return yield* Effect.fail(commitFailed('the rebalance did not end in time', config, true))
      }
      yield* membership.changed(left)
    }
  }

  #requireOwned(offsets: readonly TopicPartitionOffset[], holders: Holders): void {
    const { slots, config } = this.#parts
    const isForeign = (offset: TopicPartitionOffset): boolean => {
      const slot = slots.get(keyOf(offset))
      return (
        slot === undefined || (holders.has(keyOf(offset)) && holders.get(keyOf(offset)) !== slot)
      )
    }
    const foreign = offsets.filter(isForeign)
    const [first] = foreign
    if (first === undefined) return
    const why = slots.has(keyOf(first))
      ? 'it was assigned anew meanwhile, and others may have worked on it'
      : 'not assigned to this member'
    throw new StreamBusError(
      'NOT_ASSIGNED',
      `group ${config.groupId}: cannot commit ${foreign.map(keyOf).join(', ')}: ${why}`,
      { group: config.groupId ?? '', topic: first.topic, partition: first.partition },
    )
  }
}

/** Who held each partition of a commit when it was called for; undefined: this member did not. */
type Holders = ReadonlyMap<string, PartitionSlot | undefined>

/** A commit that was sent, or is about to be. */
interface UnderWay {
  readonly keys: ReadonlySet<string>
  readonly giveUp: () => void
}

const PARTITIONS_GONE: GroupVerdict = {
  tag: 'unavailable',
  error: { code: 'COMMIT_FAILED', message: 'partitions of the commit went to others meanwhile' },
  coordinatorMoved: false,
}

const outOfTime = (timeoutMs: number): CommitOutcome => ({
  tag: 'unavailable',
  error: { code: 'REQUEST_TIMED_OUT', message: `no commit within ${timeoutMs} ms` },
})

/** A StreamBusError thrown inside a generator is a failure, everything else stays a defect. */
const catchThrown = <A>(
  effect: Effect.Effect<A, StreamBusError>,
): Effect.Effect<A, StreamBusError> =>
  Effect.catchDefect(effect, (defect) =>
    defect instanceof StreamBusError ? Effect.fail(defect) : Effect.die(defect),
  )

const describe = (
  outcome: Exclude<CommitOutcome, { readonly tag: 'committed' }>,
): ErrorInfo | string => {
  switch (outcome.tag) {
    case 'refused':
    case 'unavailable':
      return outcome.error
    case 'rebalancing':
      return 'the group is rebalancing'
    case 'memberUnknown':
      return `the coordinator answered ${outcome.kafkaError}`
  }
}

const commitFailed = (
  reason: ErrorInfo | string,
  config: ConsumerConfig,
  retriable: boolean,
): StreamBusError => {
  const text = typeof reason === 'string' ? reason : reason.message
  const kafkaError = typeof reason === 'string' ? undefined : reason.kafkaError
  return new StreamBusError('COMMIT_FAILED', `group ${config.groupId}: commit failed: ${text}`, {
    group: config.groupId ?? '',
    retriable,
    ...(kafkaError === undefined ? {} : { kafkaError }),
  })
}

const notAMember = (state: MemberState, config: ConsumerConfig): StreamBusError => {
  const group = config.groupId ?? ''
  if (state === 'fenced') {
    return new StreamBusError(
      'MEMBER_FENCED',
      `group ${group}: cannot commit: this member was fenced and its partitions may be owned by others`,
      { group },
    )
  }
  return state === 'idle'
    ? new StreamBusError('NOT_ASSIGNED', `group ${group}: cannot commit before subscribing`, {
        group,
      })
    : new StreamBusError(
        'CONSUMER_CLOSED',
        `group ${group}: cannot commit: the consumer is ${state}`,
        {
          group,
        },
      )
}
