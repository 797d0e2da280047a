import type { Checker, Watch } from '../checkers/checker.js'

/** Something that has to happen sometimes: simulations in which it never does prove little. */
export type Sometimes = Pick<Checker, 'name'> & {
  readonly watch: (hit: () => void) => Watch
}

const SOON_MS = 1_000

const state = (name: string, chart: string, is: (states: string) => boolean): Sometimes => ({
  name,
  watch: (hit) => ({
    transition: (frame) => {
      if (frame.chart === chart && frame.from !== frame.states && is(frame.states)) hit()
    },
  }),
})

const event = (name: string, chart: string, is: (event: string) => boolean): Sometimes => ({
  name,
  watch: (hit) => ({
    transition: (frame) => {
      if (frame.chart === chart && is(frame.event)) hit()
    },
  }),
})

/** All of them have to be seen over a long enough run with all faults. */
export const sometimes: readonly Sometimes[] = [
  state('a member is fenced', 'member', (states) => states.startsWith('fenced')),
  state(
    'a member waits for its application',
    'member',
    (states) => states === 'fenced.waitingForPoll',
  ),
  state(
    'a member gives a partition up and stays',
    'member',
    (states) => states === 'rebalancing.draining',
  ),
  state('a member backs off', 'member', (states) => states === 'joining.backingOff'),
  state('a partition is lost', 'partition', (states) => states === 'lost'),
  state('a partition is paused', 'partition', (states) => states === 'paused'),
  state('a group becomes empty', 'group', (states) => states === 'empty'),
  event('a rebalance gives up on somebody', 'group', (name) => name === 'after rebalanceTimeout'),
  event(
    'a coordinator cannot store a group',
    'group',
    (name) => name === 'persistGroup: notStored',
  ),
  event('a drain runs out of time', 'member', (name) => name === 'drainPartitions: timedOut'),
  event('a member is told that it is unknown', 'member', (name) => name === 'member.unknown'),
  event('an application polls too late', 'member', (name) => name === 'poll.overdue'),
  {
    name: 'a commit is refused to who is no member any more',
    watch: (hit) => ({
      commit: ({ refused }) => {
        if (Object.values(refused).includes('UNKNOWN_MEMBER_ID')) hit()
      },
    }),
  },
  {
    name: 'a record is delivered to two processes',
    watch: (hit) => {
      const ends = new Map<string, { readonly process: string; readonly last: number }>()
      return {
        deliver: ({ process, partition, first, last }) => {
          const before = ends.get(partition)
          if (before !== undefined && before.process !== process && first <= before.last) hit()
          if (before === undefined || last > before.last) ends.set(partition, { process, last })
        },
      }
    },
  },
  {
    name: 'a rebalance follows another at once',
    watch: (hit) => {
      let last = Number.NEGATIVE_INFINITY
      return {
        rebalanced: ({ t }) => {
          if (t - last < SOON_MS) hit()
          last = t
        },
      }
    },
  },
  {
    name: 'a rebalance has several causes',
    watch: (hit) => ({
      rebalanced: ({ causes }) => {
        if (causes.length > 1) hit()
      },
    }),
  },
  {
    name: 'a broker comes back to a group with members',
    watch: (hit) => {
      let starts = 0
      let isNew = false
      return {
        'broker.up': () => {
          isNew = ++starts > 1
        },
        group: ({ members }) => {
          if (isNew && members.length > 0) hit()
          isNew = false
        },
      }
    },
  },
  {
    name: 'a group is loaded by another coordinator in the middle of a rebalance',
    watch: (hit) => {
      let state = 'empty'
      return {
        group: (frame) => {
          state = frame.state
        },
        'group.unloaded': () => {
          if (state === 'preparingRebalance' || state === 'completingRebalance') hit()
        },
      }
    },
  },
  state('a static member comes back', 'group', (states) => states === 'stable.storing'),
  {
    name: 'a callback throws',
    watch: (hit) => ({
      callback: ({ phase }) => {
        if (phase === 'threw') hit()
      },
    }),
  },
  {
    name: 'a process that was stopped goes on after it was replaced',
    watch: (hit) => {
      const held = new Map<string, number>()
      let rebalances = 0
      return {
        hold: ({ process }) => held.set(process, rebalances),
        rebalanced: () => {
          rebalances++
        },
        release: ({ process }) => {
          if ((held.get(process) ?? rebalances) < rebalances) hit()
        },
      }
    },
  },
  {
    name: 'the store fails',
    watch: (hit) => ({ 'store.failed': () => hit() }),
  },
  {
    name: 'an answer arrives for nobody',
    watch: (hit) => ({
      message: ({ way, is }) => {
        if (way === 'lost' && is === 'response') hit()
      },
    }),
  },
  {
    name: 'a committed offset is not in the log any more',
    watch: (hit) => ({
      error: ({ code }) => {
        if (code === 'OFFSET_OUT_OF_RANGE') hit()
      },
    }),
  },
]
