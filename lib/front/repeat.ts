/**
 * Whether a request that failed may be sent again (RFC 9110 §9.2.2): a pure rule.
 *
 * @module
 */

/** What is known about a failed attempt. */
export interface FailedAttempt {
  readonly method: string;
  /** Whether part of the body was taken from the client and not kept. */
  readonly bodyConsumed: boolean;
  /** Whether a byte of a response arrived. */
  readonly responding: boolean;
}

const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/**
 * True when sending it again cannot do anything twice, and nothing of it is lost: the method is idempotent, its body is still
 * at hand, and no response has begun. The caller has sent bytes on a connection that then failed; where none were sent any
 * method may be repeated.
 */
export function mayRepeat({ method, bodyConsumed, responding }: FailedAttempt): boolean {
  return IDEMPOTENT.has(method) && !bodyConsumed && !responding;
}
