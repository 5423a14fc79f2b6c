/**
 * A front without routes, for tests that need one in a process of its own: every request is answered 404.
 *
 * @module
 */
import { DEFAULTS } from "../../lib/config/defaults.ts";
import { startFront } from "../../lib/front/front.ts";
import { openAccessLog } from "../../lib/observe/access_log.ts";

// As every process of stackd's does; Deno would open its pipe for signals later, when there may be no descriptor left.
Deno.addSignalListener("SIGHUP", () => {});

const { addresses: [address] } = startFront({
  listen: [{ transport: "tcp", hostname: "127.0.0.1", port: 0 }],
  routes: [],
  limits: DEFAULTS.limits,
  upstream: DEFAULTS.upstream,
  trustedProxies: { unix: false, networks: [] },
  accessLog: openAccessLog({ kind: "off" }),
});
if (address.transport === "tcp") console.log(`port ${address.port}`);
