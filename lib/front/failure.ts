/**
 * What becomes of a request that cannot be answered by its route: one mapping from what was thrown to status and log line.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import type { Field } from "../http1/answer.ts";
import { Reject } from "../http1/reject.ts";
import { BrokenFile } from "../http1/send_file.ts";
import { BufferError } from "./buffer_file.ts";
import { Refusal } from "./refusal.ts";
import { UpstreamError } from "../upstream/error.ts";

/** How a failure is answered and logged. */
export interface Failure {
  readonly status: number;
  /** For the error log; null for what is the client's own doing and stands in the access log anyway. */
  readonly log: string | null;
  readonly extra: readonly Field[];
}

/** Methods that can be, for a 405 on CONNECT and TRACE (RFC 9110 §10.2.1). */
const ALLOW: Field = ["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"];

const RETRY_AFTER: Field = ["Retry-After", "1"];

/** Status and log line for what was thrown: a `Reject`'s own status, 504 or 502 for an upstream, 500 for a bug of ours. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof Refusal) return { status: thrown.status, log: null, extra: thrown.fields };
  if (thrown instanceof Reject) {
    return { status: thrown.status, log: null, extra: thrown.status === 405 ? [ALLOW] : [] };
  }
  if (thrown instanceof UpstreamError) {
    const log = `the upstream ${thrown.message}`;
    // What waits in a queue has been there a while: coming back at once would only make it longer.
    if (thrown.kind === "busy" || thrown.kind === "exhausted") return { status: 503, log, extra: [RETRY_AFTER] };
    return { status: thrown.kind === "timeout" ? 504 : 502, log, extra: [] };
  }
  // RFC 4918 §11.5: there is no room for what the request needs kept.
  if (thrown instanceof BufferError) return { status: 507, log: thrown.message, extra: [] };
  // Its head has been sent: it ends without its end.
  if (thrown instanceof BrokenFile) return { status: 500, log: thrown.message, extra: [] };
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return { status: 500, log: `a bug in stackd: ${stack ?? messageOf(thrown)}`, extra: [] };
}
