/**
 * What is thrown when there is nobody left to answer.
 *
 * @module
 */

/** The client left before its answer was complete: 499 in the log. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
  /** How many bytes of what was being written it had not taken. */
  readonly unsent: number;

  constructor(message: string, unsent = 0) {
    super(message);
    this.unsent = unsent;
  }
}
