import { groupCoordinatorSetup } from './group-coordinator-setup.js'
import { storedGroup } from './stored-group.js'

const refusedJoins = [
  { guard: 'isJoinRefused', actions: 'refuseJoin' },
  { guard: 'needsMemberId', actions: 'issueMemberId' },
] as const

const rebalance = '#group.preparingRebalance.awaitingMembers' as const

/** No members. Offsets may be committed by whoever is no member. */
export const empty = groupCoordinatorSetup.createStateConfig({
  always: [
    {
      guard: 'isRestoredTooBig',
      target: rebalance,
      actions: ['startAllSessions', 'noteTooBig'],
    },
    { guard: 'isRestored', target: 'stable', actions: 'startAllSessions' },
  ],
  on: {
    'member.join': [
      ...refusedJoins,
      { target: 'preparingRebalance.initialDelay', actions: ['admitMember', 'beginInitialDelay'] },
    ],
    'member.sync': { actions: 'refuseRequest' },
    'member.heartbeat': { actions: 'refuseRequest' },
    'member.leave': { actions: 'leaveMembers' },
    'offsets.commit': [
      { guard: 'isGrouplessCommit', actions: 'confirm' },
      { actions: 'refuseRequest' },
    ],
    'session.expired': [{ guard: 'isPendingSession', actions: 'expireMember' }],
    'group.delete': { target: 'dead', actions: ['confirm', 'sendEveryoneAway'] },
  },
})

/** Everybody has to send JoinGroup, which is parked until all have, or the time is up. */
export const preparingRebalance = groupCoordinatorSetup.createStateConfig({
  entry: 'beginRebalance',
  initial: 'awaitingMembers',
  on: {
    'member.join': [
      { guard: 'isTooManyRejoining', actions: 'turnAwayJoin' },
      ...refusedJoins,
      { guard: 'isStaticReturn', actions: 'replaceStaticMember' },
      { guard: 'isNewMember', actions: 'admitMember' },
      { actions: 'parkJoin' },
    ],
    'member.sync': [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      { actions: 'askToRejoin' },
    ],
    'member.heartbeat': [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      { actions: ['restartSession', 'askToRejoin'] },
    ],
    'member.leave': { actions: 'leaveMembers' },
    // What was processed before the rebalance may still be committed.
    'offsets.commit': [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      { actions: ['restartSession', 'confirm'] },
    ],
    'session.expired': [
      { guard: 'isMemberSession', actions: 'expireMember' },
      { guard: 'isPendingSession', actions: 'expireMember' },
    ],
    'group.delete': { actions: 'refuseNonEmpty' },
  },
  states: {
    initialDelay: {
      after: {
        initialRebalanceDelay: [
          {
            guard: 'hasNewMemberAndTime',
            target: 'initialDelay',
            reenter: true,
            actions: 'extendInitialDelay',
          },
          // Nobody is absent: who came in this time has a parked JoinGroup, or left again.
          { guard: 'nobodyRemains', target: '#group.empty', actions: 'emptyGroup' },
          { target: '#group.completingRebalance', actions: 'beginGeneration' },
        ],
      },
    },
    awaitingMembers: {
      always: [
        { guard: 'haveAllGone', target: '#group.empty', actions: 'emptyGroup' },
        {
          guard: 'haveAllJoined',
          target: '#group.completingRebalance',
          actions: 'beginGeneration',
        },
      ],
      after: {
        rebalanceTimeout: [
          {
            guard: 'onlyAbsentStaticsRemain',
            target: 'awaitingMembers',
            reenter: true,
            actions: 'dropAbsentMembers',
          },
          {
            guard: 'nobodyRemains',
            target: '#group.empty',
            actions: ['dropAbsentMembers', 'emptyGroup'],
          },
          {
            target: '#group.completingRebalance',
            actions: ['dropAbsentMembers', 'beginGeneration'],
          },
        ],
      },
    },
  },
})

const memberChanges = {
  'member.leave': [
    { guard: 'isMemberLeaving', target: rebalance, actions: 'leaveMembers' },
    { actions: 'leaveMembers' },
  ],
  'session.expired': [
    { guard: 'isMemberSession', target: rebalance, actions: 'expireMember' },
    { guard: 'isPendingSession', actions: 'expireMember' },
  ],
  'sync.expired': [{ guard: 'hasUnsyncedMembers', target: rebalance, actions: 'removeUnsynced' }],
  'group.delete': { actions: 'refuseNonEmpty' },
} as const

/** The members know their generation; the leader assigns, the others wait in SyncGroup. */
export const completingRebalance = groupCoordinatorSetup.createStateConfig({
  entry: ['answerJoins', 'expectSyncs'],
  initial: 'awaitingSync',
  on: {
    ...memberChanges,
    'member.join': [
      { guard: 'isTooManyMembers', actions: 'turnAwayJoin' },
      ...refusedJoins,
      // The leader may be assigning to the old id at this moment: everybody has to start again.
      {
        guard: 'isStaticReturn',
        target: rebalance,
        actions: ['replaceStaticMember', 'noteStaticReturn'],
      },
      { guard: 'isNewMember', target: rebalance, actions: 'admitMember' },
      { guard: 'hasChangedProtocols', target: rebalance, actions: ['noteRejoin', 'parkJoin'] },
      // Its answer may have been lost on the way.
      { actions: 'answerJoin' },
    ],
    'member.sync': [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      { actions: 'parkSync' },
    ],
    'member.heartbeat': [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      { actions: ['restartSession', 'confirm'] },
    ],
    'offsets.commit': [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      { actions: 'askToRejoin' },
    ],
  },
  states: {
    awaitingSync: {
      on: {
        'member.sync': [
          { guard: 'isRequestRefused', actions: 'refuseRequest' },
          { guard: 'isLeaderSync', target: 'storing', actions: ['parkSync', 'takeAssignments'] },
          { actions: 'parkSync' },
        ],
      },
    },
    /** Replies follow durability: nobody works under a generation that a crash would forget. */
    storing: {
      invoke: {
        src: 'persistGroup',
        id: 'persistGroup',
        input: ({ context }) => storedGroup(context),
        onDone: [
          {
            guard: 'isStored',
            target: '#group.stable',
            actions: ['answerSyncs', 'finishRebalance'],
          },
          { target: rebalance, actions: ['failSyncs', 'noteStoreFailure'] },
        ],
        onError: { target: rebalance, actions: ['failSyncs', 'noteStoreFailure'] },
      },
    },
  },
})

/** Everybody has its part. */
export const stable = groupCoordinatorSetup.createStateConfig({
  initial: 'serving',
  on: {
    ...memberChanges,
    'member.join': [
      { guard: 'isTooManyMembers', actions: 'turnAwayJoin' },
      ...refusedJoins,
      {
        guard: 'isUnchangedStaticReturn',
        target: '#group.stable.storing',
        reenter: true,
        actions: 'replaceStaticMember',
      },
      {
        guard: 'isStaticReturn',
        target: rebalance,
        actions: ['replaceStaticMember', 'noteStaticReturn'],
      },
      { guard: 'isNewMember', target: rebalance, actions: 'admitMember' },
      // A leader asks for a rebalance in this way when what it assigns has changed, e.g. a topic.
      { guard: 'isGroupLeader', target: rebalance, actions: ['noteRejoin', 'parkJoin'] },
      { guard: 'hasChangedProtocols', target: rebalance, actions: ['noteRejoin', 'parkJoin'] },
      { actions: 'answerJoin' },
    ],
    'member.sync': [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      { actions: ['restartSession', 'answerSync'] },
    ],
    'member.heartbeat': [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      { actions: ['restartSession', 'confirm'] },
    ],
    'offsets.commit': [
      { guard: 'isRequestRefused', actions: 'refuseRequest' },
      { actions: ['restartSession', 'confirm'] },
    ],
  },
  states: {
    serving: {},
    /** A static member came back: its new id has to be durable before it hears of it. */
    storing: {
      invoke: {
        src: 'persistGroup',
        id: 'persistGroup',
        input: ({ context }) => storedGroup(context),
        onDone: [
          { guard: 'isStored', target: 'serving', actions: 'answerStaticReturns' },
          { target: 'serving', actions: 'failStaticReturns' },
        ],
        onError: { target: 'serving', actions: 'failStaticReturns' },
      },
    },
  },
})

/** Deleted or unloaded; the host forgets it. */
export const dead = groupCoordinatorSetup.createStateConfig({
  on: {
    'member.join': { actions: 'refuseDead' },
    'member.sync': { actions: 'refuseDead' },
    'member.heartbeat': { actions: 'refuseDead' },
    'member.leave': { actions: 'refuseDead' },
    'offsets.commit': { actions: 'refuseDead' },
    'group.delete': { actions: 'refuseUnknownGroup' },
  },
})
