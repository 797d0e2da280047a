import type { Checker } from './checker.js'

/** Invariant 3: a commit succeeds only for a member, under the generation that the group is at. */
export const commitsOfMembers: Checker = {
  name: 'commits of members only',
  invariant: 3,
  watch: (report) => ({
    commit: ({ by, member, generation, coordinator, accepted, seq }) => {
      if (generation < 0 || Object.keys(accepted).length === 0) return
      if (!coordinator.isMember) report(seq, `${by} committed as ${member}, which is no member`)
      if (generation === coordinator.generation) return
      report(seq, `${by} committed under generation ${generation} at ${coordinator.generation}`)
    },
  }),
}
