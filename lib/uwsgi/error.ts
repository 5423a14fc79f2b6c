/**
 * What is refused of the uwsgi protocol, as one error type with the HTTP status to answer: an answer on a uwsgi socket is
 * plain HTTP, so there is one even for a packet that is none.
 *
 * @module
 */

/** A packet or a request in it that cannot be taken. After it nothing on the connection is read as a packet. */
export class UwsgiError extends Error {
  override readonly name = "UwsgiError";
  /** 400 for what cannot be understood, 405 for a method that is not taken, 431 for variables that do not fit a packet. */
  readonly status: 400 | 405 | 431;

  /** `why` goes to the log, never to the client. */
  constructor(why: string, status: 400 | 405 | 431 = 400) {
    super(why);
    this.status = status;
  }
}
