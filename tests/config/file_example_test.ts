import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import { plainServer } from "../../lib/config/groups.ts";
import { plainRoute } from "../../lib/config/route_options.ts";
import { HASH, TomlDirectory } from "./toml_file.ts";

const EXAMPLE = `
# The whole chain of a site.
[proxy]
listen = [":8080", { address = "unix:front.sock", proxy-protocol = true }]
trusted-proxies = ["10.0.0.0/8", "unix"]
max-body = "2m"
upstream-timeout = 30
access-log = "-"
queue = 100

[upstream.app]
servers = [
  { target = "unix:/run/app.sock", weight = 2, max-conns = 100 },
  "http://10.0.0.2:8000",
  { target = "http://10.0.0.3:8000", backup = true },
]
policy = "least-conn"
sticky-cookie = "srv"
slow-start = 10

[upstream.app.health-check]
path = "/up"
interval = 2

[upstream.unused]
servers = ["http://spare"]

[[proxy.route]]
path = "/static"
static = "./public"
response-fields.set.Cache-Control = "max-age=3600"

[[proxy.route]]
host = "api.example.org"
upstream = "app"
max-body = "20m"
gzip = true
rate-limit = { rate = "10/s", burst = 20, key = "field:X-Key" }

[proxy.route.request-fields.set]
X-Id = "$request_id"

[[proxy.route]]
host = ["*.example.org", "example.org"]
path = "/admin/"
upstream = "app"
strip-prefix = true
allow = ["10.0.0.0/8"]
error-pages = { "404" = "404.html" }
basic-auth = { realm = "Admin", users = ["al:${HASH}"] }

[[proxy.route]]
host = "old.example.org"
redirect = { to = "https://example.org$request_uri", status = 301 }

[[proxy.route]]
path = "/health"
respond = { body = "well\\n" }

[gateway]
workers = 4
[[gateway.mount]]
prefix = "/x"
`;

Deno.test("readProxyFile() reads a whole site", async () => {
  await using directory = await TomlDirectory.make();
  const { values, routes, hasRoutes, proxyProtocol, mistakes } = await directory.read(EXAMPLE);
  assertEquals(mistakes.list(), []);
  assertEquals([hasRoutes, proxyProtocol], [true, false]);
  assertEquals([...values].map(([name, all]) => [name, all.map(({ text }) => text)]), [
    ["listen", [":8080", `unix:${join(directory.path, "front.sock")}`]],
    ["trusted-proxies", ["10.0.0.0/8,unix"]],
    ["max-body", ["2m"]],
    ["upstream-timeout", ["30"]],
    ["queue", ["100"]],
    ["access-log", ["-"]],
  ]);

  const action = {
    kind: "upstream",
    group: {
      ...DEFAULTS.group,
      name: "app",
      servers: [
        { target: { transport: "unix", path: "/run/app.sock" }, weight: 2, maxConns: 100, backup: false },
        plainServer({ transport: "tcp", hostname: "10.0.0.2", port: 8000 }),
        { ...plainServer({ transport: "tcp", hostname: "10.0.0.3", port: 8000 }), backup: true },
      ],
      policy: "least-conn",
      stickyCookie: "srv",
      slowStart: 10_000,
      queue: 100,
      healthCheck: {
        path: "/up",
        host: null,
        interval: 2_000,
        timeout: 2_000,
        statuses: [[200, 399]],
        passes: 1,
        fails: 1,
      },
      limits: { ...DEFAULTS.upstream, readTimeout: 30_000 },
    },
  } as const;
  assertEquals(routes, [
    {
      ...plainRoute("/static", { kind: "static", root: join(directory.path, "public") }),
      responseFields: { remove: [], set: [{ name: "Cache-Control", value: ["max-age=3600"] }], add: [] },
    },
    {
      ...plainRoute("/", action),
      hosts: ["api.example.org"],
      maxBody: 20_971_520,
      gzip: true,
      rateLimit: { rate: 10, burst: 20, delay: false, key: { kind: "field", name: "x-key" }, maxKeys: 10_000 },
      requestFields: { remove: [], set: [{ name: "X-Id", value: [{ variable: "request_id" }] }], add: [] },
    },
    {
      ...plainRoute("/admin", action),
      hosts: ["*.example.org", "example.org"],
      stripPrefix: true,
      access: { allow: ["10.0.0.0/8"], deny: [] },
      errorPages: [{
        from: 404,
        to: 404,
        path: join(directory.path, "404.html"),
        body: new TextEncoder().encode("none"),
        contentType: "text/html; charset=utf-8",
      }],
      basicAuth: { realm: "Admin", users: new Map([["al", HASH]]) },
    },
    {
      ...plainRoute("/", {
        kind: "redirect",
        status: 301,
        location: ["https://example.org", { variable: "request_uri" }],
      }),
      hosts: ["old.example.org"],
    },
    plainRoute("/health", {
      kind: "respond",
      status: 200,
      contentType: "text/plain; charset=utf-8",
      body: "well\n",
    }),
  ]);
});
