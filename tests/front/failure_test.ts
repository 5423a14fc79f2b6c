import { assertEquals, assertMatch } from "@std/assert";
import { failureOf } from "../../lib/front/failure.ts";
import { Reject } from "../../lib/http1/reject.ts";
import { UpstreamError } from "../../lib/upstream/error.ts";

Deno.test("failureOf() answers what was refused with its own status, and leaves it to the access log", () => {
  for (const status of [400, 408, 413, 414, 417, 431, 501, 505]) {
    assertEquals(failureOf(new Reject(status, "why")), { status, log: null, extra: [] });
  }
});

Deno.test("failureOf() says with a 405 which methods can be", () => {
  const { status, extra } = failureOf(new Reject(405, "TRACE"));
  assertEquals({ status, extra }, { status: 405, extra: [["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]] });
});

Deno.test("failureOf() answers an upstream's failure with 504 or 502, and logs why", () => {
  const cases = [["timeout", 504], ["closed", 502], ["invalid", 502]] as const;
  for (const [kind, status] of cases) {
    assertEquals(failureOf(new UpstreamError(kind, "did this")), { status, log: "the upstream did this", extra: [] });
  }
});

Deno.test("failureOf() answers anything else with 500, and logs its stack", () => {
  const { status, log } = failureOf(new TypeError("x is not a function"));
  assertEquals(status, 500);
  assertMatch(log ?? "", /^a bug in stackd: TypeError: x is not a function\n +at /);
  assertEquals(failureOf("thrown").log, "a bug in stackd: thrown");
});
