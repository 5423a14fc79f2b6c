/**
 * Writes access-log lines to a standard output whose reader goes away, then says on standard error that it is still there.
 *
 * @module
 */
import { openAccessLog } from "../../lib/observe/access_log.ts";

const log = openAccessLog({ kind: "stdout" });
for (let i = 0; i < 30; i++) {
  const requestLine = `GET /${i} HTTP/1.1`;
  log.write({ remoteAddress: "192.0.2.1", requestLine, status: 200, bytes: 0, referer: null, userAgent: null });
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await log.close();
console.error("still there");
