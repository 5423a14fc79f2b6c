/** The command line and stackd.toml put together: flags win, and every mistake of either is told at once. */
import { assertEquals, assertThrows } from "@std/assert";
import { readProxyFile } from "../../lib/config/file/load.ts";
import type { RawOptions } from "../../lib/config/flags.ts";
import type { ProxyOptions } from "../../lib/config/options.ts";
import { realSystem } from "../../lib/config/system.ts";
import { validateProxy } from "../../lib/config/validate.ts";
import { StackdError } from "../../lib/errors.ts";
import { TestDirectory } from "../support/stackd.ts";

async function read(toml: string, raw: RawOptions = {}): Promise<() => ProxyOptions> {
  using directory = new TestDirectory();
  directory.write("stackd.toml", toml);
  const system = { ...realSystem(), cwd: directory.path };
  const file = await readProxyFile("stackd.toml", system, raw);
  return () => validateProxy(raw, system, file);
}

Deno.test("validateProxy() needs nothing beside a file", async () => {
  const options = (await read('[proxy]\nlisten = ":80"\nmax-body = "2m"\n[[proxy.route]]\nupstream = "http://h:1"'))();
  assertEquals(options.listen, [{ transport: "tcp", hostname: "", port: 80 }]);
  assertEquals([options.limits.maxBody, options.routes.length], [2_097_152, 1]);
});

Deno.test("validateProxy() lets flags win over the file, and adds their routes", async () => {
  const toml = `[proxy]
listen = [":80", { address = ":81", proxy-protocol = true }]
max-body = "2m"
queue = 7
[[proxy.route]]
path = "/a"
upstream = "http://file:1"
[[proxy.route]]
path = "/a"
host = "x.org"
upstream = "http://file:2"
[[proxy.route]]
path = "/b"
upstream = "http://file:3"`;
  const options = (await read(toml, { "max-body": ["1m"], upstream: ["/a=http://flag:1", "/c=http://flag:2"] }))();
  assertEquals(options.limits.maxBody, 1_048_576);
  assertEquals(options.listen.map(({ proxyProtocol }) => proxyProtocol === true), [false, true]);
  const routes = options.routes.map(({ hosts, prefix, action }) =>
    `${hosts}${prefix} ${action.kind === "upstream" ? `${action.group.name} ${action.group.queue}` : ""}`
  );
  assertEquals(routes, ["/a flag:1 7", "/c flag:2 7", "x.org/a file:2 7", "/b file:3 7"]);
});

Deno.test("validateProxy() tells the mistakes of flags, then those of the file in the order of its lines", async () => {
  const toml = `[proxy]
listen = ["80x"]
max-bdy = 1
queue = -1
queue-timeout = 0
[[proxy.route]]
path = "a"
upstream = "http://h:1"`;
  const error = assertThrows(await read(toml, { "header-timeout": ["soon"] }), StackdError);
  assertEquals([error.code, error.exitCode], ["STACKD_CONFIG_INVALID", 2]);
  assertEquals([error.message, ...error.detail?.split("\n") ?? []], [
    'Cannot use --header-timeout "soon": a number of seconds is needed, as 30 or 0.5',
    'Cannot use stackd.toml:2: listen = "80x": it has no port; an address is [HOST:]PORT',
    'Cannot use stackd.toml:3: "max-bdy" is no key of [proxy], did you mean "max-body"?',
    "Cannot use stackd.toml:4: queue = -1: a whole number from 0 is needed",
    "Cannot use stackd.toml:5: queue-timeout = 0: it must be at least 0.001 seconds",
    'Cannot use stackd.toml:7: path = "a": a prefix begins with "/"',
  ]);
});

Deno.test("validateProxy() says what is missing in a file", async () => {
  const error = assertThrows(await read("[proxy]\n"), StackdError);
  assertEquals(
    [error.message, error.detail],
    [
      'Cannot start the proxy: no address to listen on, stackd.toml needs listen = [":8080"] in [proxy], or give --listen [HOST:]PORT',
      "Cannot start the proxy: no route, stackd.toml needs a [[proxy.route]], or give --upstream TARGET or --static DIR",
    ],
  );
});
