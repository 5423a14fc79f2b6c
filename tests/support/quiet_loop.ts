/**
 * After each test of a file that imports this, waits until the engine's event loop has noticed that nobody uses it any more: a thread of
 * its may still be waiting, which would look like a leak. One that stays in use is a leak.
 *
 * @module
 */
import { eventLoop } from "../../lib/http1/event_loop.ts";
import { until } from "./until.ts";

// Opened before a test could be held to have leaked it.
const loop = eventLoop();

Deno.test.afterEach(async () => {
  if (loop !== null && !loop.off) await until("no socket is left", () => loop.off);
});
