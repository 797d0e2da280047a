/** A world that would run for ever: something in it loops. */
export class Runaway extends Error {
  override readonly name = 'Runaway'
}
