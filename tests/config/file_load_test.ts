import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import { HEALTH_CHECK_DEFAULTS } from "../../lib/config/file/defaults.ts";
import { readProxyFile } from "../../lib/config/file/load.ts";
import { proxyKeys } from "../../lib/config/file/proxy_section.ts";
import type { GroupOptions } from "../../lib/config/group_options.ts";
import { plainRoute, type RouteOptions } from "../../lib/config/route_options.ts";
import { STATIC_DEFAULTS } from "../../lib/config/static_options.ts";
import { realSystem } from "../../lib/config/system.ts";
import { optionsOf } from "../../lib/config/table.ts";
import { StackdError } from "../../lib/errors.ts";
import { HASH, TomlDirectory } from "./toml_file.ts";

/** The keys that an unknown one is told to choose from. */
async function keysOf(directory: TomlDirectory, toml: string): Promise<string[]> {
  const [message = ""] = await directory.mistakesOf(`${toml}\nnothing-like-it = 1`);
  return message.split("its keys are ")[1]?.split(", ") ?? [];
}

Deno.test("readProxyFile() keeps [proxy] as the values of flags", async (t) => {
  await using directory = await TomlDirectory.make();
  const { path } = directory;
  const cases: [toml: string, text: string[]][] = [
    ['listen = ":8080"', [":8080"]],
    ["listen = 8080", ["8080"]],
    ['listen = [":80", "unix:p.sock", { address = "unix:/q" }]', [":80", `unix:${path}/p.sock`, "unix:/q"]],
    ['listen = "unix:"', ["unix:"]],
    ['trusted-proxies = "unix,::1"', ["unix,::1"]],
    ['trusted-proxies = ["10.0.0.0/8", "unix"]', ["10.0.0.0/8,unix"]],
    ["trusted-proxies = []", []],
    ['max-body = "20m"', ["20m"]],
    ["max-header-size = 32_768", ["32768"]],
    ["header-timeout = 0.5", ["0.5"]],
    ['body-timeout = "30"', ["30"]],
    ["write-timeout = 3", ["3"]],
    ["keepalive-timeout = 4", ["4"]],
    ["keepalive-requests = 5", ["5"]],
    ["max-connections = 6", ["6"]],
    ["max-connections-per-client = 0x7", ["7"]],
    ["upstream-connect-timeout = 1", ["1"]],
    ["upstream-timeout = 2e1", ["20"]],
    ["workers = 3", ["3"]],
    ['workers = "auto"', ["auto"]],
    ["queue = 0", ["0"]],
    ["queue-timeout = 0.5", ["0.5"]],
    ["graceful-timeout = 8", ["8"]],
    ["allow-underscore-headers = true", ["true"]],
    ["listen-backlog = 10", ["10"]],
    ['uid = "www-data"', ["www-data"]],
    ["gid = 33", ["33"]],
    ['log-format = "json"', ["json"]],
    ['log-level = "warn"', ["warn"]],
    ['access-log = "-"', ["-"]],
    ['access-log = "off"', ["off"]],
    ['access-log = "a.log"', [`${path}/a.log`]],
    ['pidfile = "../p.pid"', [join(path, "../p.pid")]],
    ['pidfile = "nope/"', ["nope/"]],
  ];
  for (const [toml, texts] of cases) {
    await t.step(toml, async () => {
      const { values, mistakes } = await directory.read(`[proxy]\n${toml}`);
      const [[name, found] = ["", []]] = [...values];
      assertEquals(mistakes.list(), []);
      assertEquals([name, found.map(({ text }) => text)], [toml.split(" ")[0], texts]);
    });
  }
  await t.step("no flag is left out", async () => {
    const own = ["proxy-protocol", "route"];
    const flags = optionsOf("proxy").map(({ name }) => name).filter((name) =>
      !["upstream", "static", "help", "config"].includes(name)
    );
    assertEquals((await keysOf(directory, "[proxy]")).toSorted(), [...new Set([...flags, ...own])].toSorted());
    const seen = new Set<string>(cases.map(([toml]) => toml.split(" ")[0] ?? ""));
    assertEquals(flags.filter((name) => !seen.has(name)), []);
  });
});

Deno.test("readProxyFile() says where a value of [proxy] stands, and what expects the PROXY protocol", async () => {
  await using directory = await TomlDirectory.make();
  const toml =
    '[proxy]\nproxy-protocol = true\nlisten = [\n  ":80",\n  { address = ":81", proxy-protocol = false },\n]';
  const { values, proxyProtocol } = await directory.read(toml);
  assertEquals(values.get("listen"), [
    { text: ":80", line: 4, column: 3, subject: 'listen = ":80"', proxyProtocol: true },
    { text: ":81", line: 5, column: 15, subject: 'address = ":81"', proxyProtocol: false },
  ]);
  assertEquals(proxyProtocol, true);
  assertEquals((await directory.read("")).proxyProtocol, false);
});

/** What `[upstream.app]` with one server and these keys becomes. */
async function groupOf(directory: TomlDirectory, toml: string): Promise<GroupOptions> {
  const text = `[[proxy.route]]\nupstream = "app"\n[upstream.app]\nservers = "unix:/a"\n${toml}`;
  const { routes: [route], mistakes } = await directory.read(text);
  assertEquals(mistakes.list(), []);
  assert(route?.action.kind === "upstream");
  return route.action.group;
}

Deno.test("readProxyFile() turns every key of [upstream.NAME] into its field", async (t) => {
  await using directory = await TomlDirectory.make();
  const limits = DEFAULTS.upstream;
  const plain = await groupOf(directory, "");
  const one = { target: { transport: "unix", path: "/a" }, weight: 1, maxConns: 0, backup: false };
  assertEquals<unknown>(plain, { ...DEFAULTS.group, name: "app", servers: [one], limits });
  const cases: [string, Record<string, unknown>][] = [
    ['policy = "least-conn"', { policy: "least-conn" }],
    ['policy = "hash"\nhash-key = "uri"', { policy: "hash", hashKey: { kind: "uri" } }],
    ['policy = "hash"\nhash-key = "cookie:Id"', { policy: "hash", hashKey: { kind: "cookie", name: "Id" } }],
    ['policy = "hash"\nhash-key = "field:X-Id"', { policy: "hash", hashKey: { kind: "field", name: "x-id" } }],
    ['sticky-cookie = "srv"', { stickyCookie: "srv" }],
    ["max-fails = 0", { maxFails: 0 }],
    ["fail-timeout = 1", { failTimeout: 1_000 }],
    ["slow-start = 2", { slowStart: 2_000 }],
    ["slow-start = 0", { slowStart: 0 }],
    ["queue = 0", { queue: 0 }],
    ["queue-timeout = 0.5", { queueTimeout: 500 }],
    ["resolve-interval = 0", { resolveInterval: 0 }],
    ['resolve-interval = "60"', { resolveInterval: 60_000 }],
    ["connect-timeout = 1", { limits: { ...limits, connectTimeout: 1_000 } }],
    ["timeout = 2", { limits: { ...limits, readTimeout: 2_000 } }],
    ["keepalive = 3", { limits: { ...limits, maxIdle: 3 } }],
    ["keepalive-timeout = 4", { limits: { ...limits, idleTimeout: 4_000 } }],
    ["health-check = false", { healthCheck: null }],
    ["health-check = true", { healthCheck: HEALTH_CHECK_DEFAULTS }],
    ["health-check = {}", { healthCheck: HEALTH_CHECK_DEFAULTS }],
    [
      'health-check = { path = "/up?x", host = "a:80", interval = 1, timeout = 2, status = [200, "300-399"], passes = 3, fails = 4 }',
      {
        healthCheck: {
          path: "/up?x",
          host: "a:80",
          interval: 1_000,
          timeout: 2_000,
          statuses: [[200, 200], [300, 399]],
          passes: 3,
          fails: 4,
        },
      },
    ],
  ];
  for (const [toml, changed] of cases) {
    await t.step(toml, async () => {
      assertEquals<unknown>(await groupOf(directory, toml), { ...plain, ...changed });
    });
  }
  await t.step("none is left out", async () => {
    const keys = await keysOf(directory, '[upstream.app]\nservers = "unix:/a"');
    const text = cases.map(([toml]) => toml).join("\n");
    assertEquals(keys.filter((key) => !text.includes(`${key} = `)), ["servers"]);
  });
});

Deno.test("readProxyFile() takes what groups do not say from [proxy], and from flags before it", async () => {
  await using directory = await TomlDirectory.make();
  const toml = [
    "[proxy]",
    "upstream-connect-timeout = 1",
    "upstream-timeout = 2",
    "queue = 3",
    "queue-timeout = 4",
    "[[proxy.route]]",
    'upstream = "http://h:1,unix:x.sock"',
  ].join("\n");
  const { routes } = await directory.read(toml, { "upstream-timeout": ["9"], "queue-timeout": ["5"] });
  const server = { weight: 1, maxConns: 0, backup: false };
  assertEquals<unknown>(routes.map(({ action }) => action), [{
    kind: "upstream",
    group: {
      ...DEFAULTS.group,
      name: `h:1,unix:${directory.path}/x.sock`,
      servers: [
        { target: { transport: "tcp", hostname: "h", port: 1 }, ...server },
        { target: { transport: "unix", path: join(directory.path, "x.sock") }, ...server },
      ],
      queue: 3,
      queueTimeout: 5_000,
      limits: { ...DEFAULTS.upstream, connectTimeout: 1_000, readTimeout: 9_000 },
    },
  }]);
});

Deno.test("readProxyFile() turns every key of [[proxy.route]] into its field", async (t) => {
  await using directory = await TomlDirectory.make();
  const { path } = directory;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const limit = { burst: 0, delay: false, key: { kind: "client" }, maxKeys: 10_000 };
  const respond = 'respond = { body = "hi" }\n';
  const upstream = 'upstream = "unix:/a"\n';
  const html = "text/html; charset=utf-8";
  const cases: [string, Record<string, unknown>][] = [
    [`${respond}host = "A.Example.org"`, { hosts: ["a.example.org"] }],
    [`${respond}host = ["*.ä.de", "127.0.0.1", "[::1]"]`, { hosts: ["*.xn--4ca.de", "127.0.0.1", "[::1]"] }],
    [`${respond}path = "/a/"`, { prefix: "/a" }],
    ['static = "public"', { action: { kind: "static", root: join(path, "public") } }],
    ['redirect = "https://$host/"', {
      action: { kind: "redirect", status: 302, location: ["https://", { variable: "host" }, "/"] },
    }],
    ['redirect = { to = "/x", status = 308 }', { action: { kind: "redirect", status: 308, location: ["/x"] } }],
    ['respond = { status = 410, body = "", type = "text/html" }', {
      action: { kind: "respond", status: 410, contentType: "text/html", body: "" },
    }],
    [`${upstream}strip-prefix = true`, { stripPrefix: true }],
    [`${upstream}request-fields = { set = { Host = "$host", X = "" }, remove = ["Cookie"] }`, {
      requestFields: {
        remove: ["cookie"],
        set: [{ name: "Host", value: [{ variable: "host" }] }, { name: "X", value: [] }],
        add: [],
      },
    }],
    [`${respond}response-fields = { add = { Link = ["</a>", "</b>"], Vary = "X" }, remove = "Server" }`, {
      responseFields: {
        remove: ["server"],
        set: [],
        add: [{ name: "Link", value: ["</a>"] }, { name: "Link", value: ["</b>"] }, { name: "Vary", value: ["X"] }],
      },
    }],
    [`${respond}max-body = "20m"`, { maxBody: 20_971_520 }],
    [`${respond}max-body = 0`, { maxBody: 0 }],
    [`${respond}body-timeout = 1`, { bodyTimeout: 1_000 }],
    [`${upstream}upstream-timeout = 2`, { upstreamTimeout: 2_000 }],
    [`${upstream}buffer-requests = true`, { bufferRequests: true }],
    [`${upstream}buffer-requests = false`, { bufferRequests: false }],
    [`${upstream}buffer-responses = true`, { bufferResponses: DEFAULTS.readAhead }],
    [`${upstream}buffer-responses = false`, { bufferResponses: 0 }],
    [`${upstream}buffer-responses = "64k"`, { bufferResponses: 65_536 }],
    [`${upstream}internal-files = "public"`, { internalFiles: { prefix: "/", root: join(path, "public") } }],
    [`${upstream}internal-files = { root = "public", prefix = "/x/" }`, {
      internalFiles: { prefix: "/x", root: join(path, "public") },
    }],
    [`${respond}error-pages = { 5xx = "50x.html", "404" = "404.html" }`, {
      errorPages: [
        { from: 404, to: 404, path: join(path, "404.html"), body: bytes("none"), contentType: html },
        { from: 500, to: 599, path: join(path, "50x.html"), body: bytes("ours"), contentType: html },
      ],
    }],
    [`${upstream}gzip = true`, { gzip: true }],
    [`${respond}allow = "unix"\ndeny = ["0.0.0.0/0", "::/0"]`, {
      access: { allow: ["unix"], deny: ["0.0.0.0/0", "::/0"] },
    }],
    [`${respond}basic-auth = { realm = "a", users = ["al:${HASH}"] }`, {
      basicAuth: { realm: "a", users: new Map([["al", HASH]]) },
    }],
    [`${respond}basic-auth = { realm = "a", file = "htpasswd" }`, {
      basicAuth: { realm: "a", users: new Map([["bob", HASH]]) },
    }],
    [`${respond}rate-limit = "30/m"`, { rateLimit: { rate: 0.5, ...limit } }],
    [`${respond}rate-limit = { rate = "10r/s", burst = 1, delay = true, key = "host", max-keys = 2 }`, {
      rateLimit: { rate: 10, burst: 1, delay: true, key: { kind: "host" }, maxKeys: 2 },
    }],
    [`${respond}bandwidth = "1m"`, { bandwidth: 1_048_576 }],
  ];
  const read = async (toml: string): Promise<RouteOptions | undefined> => {
    const { routes, mistakes } = await directory.read(`[[proxy.route]]\n${toml}`);
    assertEquals(mistakes.list(), []);
    return routes[0];
  };
  assertEquals(
    await read(respond),
    plainRoute("/", { kind: "respond", status: 200, contentType: "text/plain; charset=utf-8", body: "hi" }),
  );
  for (const [toml, changed] of cases) {
    await t.step(toml, async () => {
      const plain = await read(toml.startsWith(upstream) ? upstream : respond);
      assertEquals<unknown>(await read(toml), { ...plain, ...changed });
    });
  }
  await t.step("none is left out", async () => {
    const text = cases.map(([toml]) => toml).join("\n");
    const keys = await keysOf(directory, `[[proxy.route]]\n${respond}`);
    // file_static_keys_test.ts has those of files.
    const isOfFiles = (key: string) => key.replace(/-./g, (pair) => pair.slice(1).toUpperCase()) in STATIC_DEFAULTS;
    assertEquals(keys.filter((key) => !text.includes(`${key} = `) && !isOfFiles(key)), []);
  });
});

Deno.test("readProxyFile() tells all mistakes in the order of lines", async () => {
  await using directory = await TomlDirectory.make();
  const toml = [
    "[[proxy.route]]",
    'upstream = "ap"',
    "max-bdy = 1",
    "[upstream.app]",
    'servers = [{ target = "unix:/a", weight = 0 }]',
    "[proxy]",
    "listen = []",
    "[prxy]",
  ].join("\n");
  assertEquals(await directory.mistakesOf(toml), [
    'Cannot use stackd.toml:2: upstream = "ap": there is no [upstream.ap], did you mean "app"?',
    'Cannot use stackd.toml:3: "max-bdy" is no key of [[proxy.route]], did you mean "max-body"?',
    "Cannot use stackd.toml:5: weight = 0: a whole number from 1 is needed",
    "Cannot use stackd.toml:7: listen = []: at least one value is needed",
    "Cannot use stackd.toml:8: [prxy] is no section, did you mean [proxy]?",
  ]);
});

Deno.test("readProxyFile() refuses a file that it cannot read", async (t) => {
  await using directory = await TomlDirectory.make();
  await Deno.writeFile(join(directory.path, "latin1.toml"), Uint8Array.of(0x23, 0xe4));
  await Deno.symlink("loop.toml", join(directory.path, "loop.toml"));
  const loop = "Too many levels of symbolic links (os error 40): readfile";
  const cases: [string, string][] = [
    ["nope.toml", "no such file"],
    ["latin1.toml/nope.toml", "no such file"],
    ["loop.toml", `${loop} '${join(directory.path, "loop.toml")}'`],
    ["public", "it is a directory"],
    ["latin1.toml", "it is not UTF-8"],
  ];
  for (const [path, state] of cases) {
    await t.step(path, async () => {
      const system = { ...realSystem(), cwd: directory.path };
      const error = await assertRejects(() => readProxyFile(path, system), StackdError);
      assertEquals([error.code, error.message], ["STACKD_CONFIG_INVALID", `Cannot read "${path}": ${state}`]);
    });
  }
});

Deno.test("docs/proxy-config.md has every key of [proxy]", async () => {
  const page = await Deno.readTextFile(join(import.meta.dirname ?? "", "..", "..", "docs", "proxy-config.md"));
  const [, section = ""] = /^## \[proxy\]$(.*?)^## /ms.exec(page) ?? [];
  const keys = [...proxyKeys(), "proxy-protocol"].filter((key) => !section.includes(`\`${key}\``));
  assertEquals(keys, []);
});
