/**
 * What becomes of a request whose attempt failed (RFC 9110 §9.2.2): a pure rule.
 *
 * @module
 */
import type { UpstreamErrorKind } from "../upstream/error.ts";

/** What is known about a failed attempt. */
export interface FailedAttempt {
  readonly kind: UpstreamErrorKind;
  readonly method: string;
  /** Whether it went over a connection that had been idle. */
  readonly reused: boolean;
  /** Whether there was a connection at all, so that bytes may have reached the server. */
  readonly sent: boolean;
  /** Whether part of the body was taken from the client and not kept. */
  readonly bodyConsumed: boolean;
  /** Whether a byte of a response arrived. */
  readonly responding: boolean;
  /** Whether all servers run the same code, as a gateway's workers do: what one answers wrongly, so does the next. */
  readonly alike: boolean;
}

const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/**
 * "same": again, to the same server on a fresh connection, because an idle one was closed as the request was written to it.
 * "other": another server may be asked: no byte reached this one, or the method is idempotent and its body still at hand. Not
 * for an answer that cannot be used, where all servers are alike.
 * What this machine lacks, it lacks for every server.
 * Nothing of a response has been passed on yet, or this would not be asked.
 */
export function afterFailure(attempt: FailedAttempt): "same" | "other" | "none" {
  if (attempt.kind === "exhausted") return "none";
  if (!attempt.sent) return "other";
  if (!IDEMPOTENT.has(attempt.method) || attempt.bodyConsumed) return "none";
  if (attempt.alike && attempt.kind === "invalid") return "none";
  return attempt.reused && attempt.kind === "closed" && !attempt.responding ? "same" : "other";
}
