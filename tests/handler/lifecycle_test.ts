/** What is around a handler's serving. */
import { assertEquals, assertMatch } from "@std/assert";
import { runOnStop, seconds } from "../../lib/handler/lifecycle.ts";
import { classify } from "../../lib/handler/loader.ts";
import { stderrOf } from "./support.ts";

Deno.test("an onStop that is not done in time is told with seconds that people can read", async () => {
  const module = { default: () => new Response(), onStop: () => new Promise<void>(() => {}) };
  const handler = classify("/app.ts", module, null);
  const log = await stderrOf(() => runOnStop(handler, { workerId: 1, module: "/app.ts" }, 98.765432));
  assertMatch(log, /onStop was not done within 0\.1 s\n$/);
});

Deno.test("seconds() has at most one place behind the point", () => {
  assertEquals([30_000, 879.857287, 1_234.5].map(seconds), [30, 0.9, 1.2]);
});
