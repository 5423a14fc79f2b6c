/** What becomes of a request whose attempt failed. */
import { assertEquals } from "@std/assert";
import { afterFailure, type FailedAttempt } from "../../lib/front/repeat.ts";

/** A GET whose fresh connection was closed without an answer. */
const PLAIN: FailedAttempt = {
  kind: "closed",
  method: "GET",
  reused: false,
  sent: true,
  bodyConsumed: false,
  responding: false,
  alike: false,
};

const CASES: (readonly [attempt: Partial<FailedAttempt>, next: ReturnType<typeof afterFailure>])[] = [
  [{}, "other"],
  [{ reused: true }, "same"],
  ...["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].map((method) => [{ method, reused: true }, "same"] as const),
  ...["POST", "PATCH", "get", "BREW"].flatMap((method) => [
    [{ method }, "none"] as const,
    [{ method, reused: true }, "none"] as const,
    // Nothing was sent: any method may go elsewhere.
    [{ method, sent: false }, "other"] as const,
  ]),
  [{ reused: true, kind: "timeout" }, "other"],
  [{ reused: true, kind: "invalid", responding: true }, "other"],
  [{ reused: true, responding: true }, "other"],
  // Servers that run the same code: one that died is replaced, but an answer that cannot be used would be so again.
  [{ alike: true }, "other"],
  [{ alike: true, reused: true }, "same"],
  [{ alike: true, kind: "invalid", responding: true }, "none"],
  [{ method: "PUT", bodyConsumed: true }, "none"],
  [{ method: "PUT", bodyConsumed: true, reused: true }, "none"],
  [{ method: "POST", sent: false, kind: "timeout" }, "other"],
  [{ sent: false, kind: "exhausted" }, "none"],
];

Deno.test("afterFailure() repeats what can do nothing twice and lose nothing", () => {
  for (const [attempt, next] of CASES) {
    assertEquals(afterFailure({ ...PLAIN, ...attempt }), next, JSON.stringify(attempt));
  }
});
