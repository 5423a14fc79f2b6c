/**
 * What the engine refuses, as one error type with the status to answer: 400 for what cannot be parsed, 413, 414, 431 for
 * what is too large, 408 for what is too slow (DESIGN: docs/security.md lists each).
 *
 * @module
 */

/** A message that cannot be taken. After it nothing on the connection is read as a request. */
export class Reject extends Error {
  override readonly name = "Reject";
  /** The status to answer a client with; an upstream's bad message is always 502. */
  readonly status: number;

  /** `why` goes to the log, never to the client. */
  constructor(status: number, why: string) {
    super(why);
    this.status = status;
  }
}

/** A 400. */
export function bad(why: string): Reject {
  return new Reject(400, why);
}
