/** Bytes that the coordinator passes on (metadata, assignments): base64, so context is JSON. */
export type Base64 = string

/** One way of assigning that a member supports, with what it says to the leader about itself. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Base64
}
