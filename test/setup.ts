import fc from 'fast-check'

/**
 * The same cases in every run, so that a red build is red again on the next machine. The long run
 * draws others: `STREAMBUS_SEED=random npx vitest run` (a failure prints its seed), or a number.
 */
const asked = process.env.STREAMBUS_SEED
if (asked !== 'random') fc.configureGlobal({ seed: Number(asked ?? 20_261_124) })
