import { assertEquals, assertThrows } from "@std/assert";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import type { RawOptions } from "../../lib/config/flags.ts";
import { optionsOf } from "../../lib/config/table.ts";
import type { GroupOptions } from "../../lib/config/group_options.ts";
import { plainGroup } from "../../lib/config/groups.ts";
import type { AppOptions, UpstreamLimits, UpstreamTarget } from "../../lib/config/options.ts";
import type { Permissions } from "../../lib/config/permissions.ts";
import { plainRoute, type RouteOptions } from "../../lib/config/route_options.ts";
import { validateGateway, validateProxy } from "../../lib/config/validate.ts";
import { StackdError } from "../../lib/errors.ts";
import { fakeSystem } from "./fake_system.ts";

const system = fakeSystem({
  "app.ts": "file",
  "public": "directory",
  "other": "directory",
  "/root": "denied",
});
const proxy: RawOptions = { listen: [":8080"], upstream: ["unix:/run/app.sock"] };
const APP: AppOptions = { prefix: "/", module: "/home/app/app.ts", exportName: null, permissions: null };
const gateway: RawOptions = { socket: ["/run/app.sock"], module: ["app.ts"] };

function relayed(prefix: string, ...targets: UpstreamTarget[]): RouteOptions {
  return plainRoute(prefix, { kind: "upstream", group: plainGroup(targets, DEFAULTS.upstream) });
}

function limited(limits: Partial<UpstreamLimits>): RouteOptions {
  const target: UpstreamTarget = { transport: "unix", path: "/run/app.sock" };
  return plainRoute("/", { kind: "upstream", group: plainGroup([target], { ...DEFAULTS.upstream, ...limits }) });
}

function queued(queue: Partial<GroupOptions>): RouteOptions {
  const target: UpstreamTarget = { transport: "unix", path: "/run/app.sock" };
  return plainRoute("/", { kind: "upstream", group: { ...plainGroup([target], DEFAULTS.upstream), ...queue } });
}

/** What is the same of all uwsgi sockets; `allowFrom` by default the loopback. */
function uwsgi(...allowFrom: string[]) {
  return { maxBody: 0, uwsgi: { allowFrom: allowFrom.length === 0 ? DEFAULTS.uwsgiAllowFrom : allowFrom } };
}

/** The first mistake of a command line that has only this one. */
function mistakeOf(act: () => unknown): [code: string, message: string] {
  const error = assertThrows(act, StackdError);
  assertEquals(error.detail, undefined);
  return [error.code, error.message];
}

Deno.test("validateProxy() fills in every default", () => {
  assertEquals(validateProxy(proxy, system), {
    listen: [{ transport: "tcp", hostname: "", port: 8080 }],
    workers: 1,
    routes: [relayed("/", { transport: "unix", path: "/run/app.sock" })],
    limits: DEFAULTS.limits,
    trustedProxies: { unix: false, networks: [] },
    accessLog: DEFAULTS.accessLog,
    pidfile: null,
    gracefulTimeout: DEFAULTS.gracefulTimeout,
    listenBacklog: DEFAULTS.listenBacklog,
    runAs: null,
    logLevel: "info",
  });
});

Deno.test("validateGateway() fills in every default", () => {
  assertEquals(validateGateway(gateway, system), {
    apps: [APP],
    staticMaps: [],
    socket: "/run/app.sock",
    http: [],
    uwsgi: [],
    socketMode: DEFAULTS.socketMode,
    socketOwner: null,
    limits: DEFAULTS.limits,
    upstream: DEFAULTS.upstream,
    trustedProxies: { unix: false, networks: [] },
    accessLog: DEFAULTS.accessLog,
    pidfile: null,
    gracefulTimeout: DEFAULTS.gracefulTimeout,
    listenBacklog: DEFAULTS.listenBacklog,
    runAs: null,
    logLevel: "info",
    bootTimeout: DEFAULTS.bootTimeout,
    workers: 1,
    front: false,
    workerRequests: DEFAULTS.workerRequests,
    queue: DEFAULTS.group.queue,
    queueTimeout: DEFAULTS.group.queueTimeout,
    requestTimeout: DEFAULTS.requestTimeout,
    pingTimeout: DEFAULTS.pingTimeout,
    maxRequests: null,
    maxRss: null,
    maxLifetime: null,
    watch: false,
    codeCache: { directory: null },
    reloadOn: [],
    env: {},
    chdir: null,
    requireConfinement: false,
    learn: false,
    control: null,
    status: null,
  });
});

const common: [RawOptions, Record<string, unknown>][] = [
  [{ "max-body": ["0"] }, { limits: { ...DEFAULTS.limits, maxBody: 0 } }],
  [{ "max-body": ["2m"] }, { limits: { ...DEFAULTS.limits, maxBody: 2_097_152 } }],
  [{ "max-header-size": ["32k"] }, { limits: { ...DEFAULTS.limits, maxHeadSize: 32_768 } }],
  [{ "max-header-size": ["4k"] }, { limits: { ...DEFAULTS.limits, maxHeadSize: 4_096, maxRequestLine: 4_096 } }],
  [{ "header-timeout": ["0.5"] }, { limits: { ...DEFAULTS.limits, headerTimeout: 500 } }],
  [{ "body-timeout": ["2"] }, { limits: { ...DEFAULTS.limits, bodyTimeout: 2_000 } }],
  [{ "write-timeout": ["3"] }, { limits: { ...DEFAULTS.limits, writeTimeout: 3_000 } }],
  [{ "keepalive-timeout": ["4"] }, { limits: { ...DEFAULTS.limits, keepaliveTimeout: 4_000 } }],
  [{ "keepalive-requests": ["5"] }, { limits: { ...DEFAULTS.limits, keepaliveRequests: 5 } }],
  [{ "max-connections": ["6"] }, { limits: { ...DEFAULTS.limits, maxConnections: 6 } }],
  [{ "max-connections-per-client": ["7"] }, { limits: { ...DEFAULTS.limits, maxConnectionsPerClient: 7 } }],
  [{ "graceful-timeout": ["8"] }, { gracefulTimeout: 8_000 }],
  [{ "trusted-proxies": ["unix,10.0.0.0/8"] }, { trustedProxies: { unix: true, networks: ["10.0.0.0/8"] } }],
  [{ "access-log": ["-"] }, { accessLog: { kind: "stdout" } }],
  [{ "access-log": ["off"] }, { accessLog: { kind: "off" } }],
  [{ "access-log": ["./off"] }, { accessLog: { kind: "file", path: "/home/app/off" } }],
  [{ "access-log": ["/run/access.log"] }, { accessLog: { kind: "file", path: "/run/access.log" } }],
  [{ "log-format": ["json"] }, { accessLog: { kind: "stdout", format: { kind: "json" } } }],
  [{ "log-format": ["$status"], "access-log": ["a.log"] }, {
    accessLog: {
      kind: "file",
      path: "/home/app/a.log",
      format: { kind: "template", parts: [{ variable: "status" }] },
    },
  }],
  [{ "log-level": ["warn"] }, { logLevel: "warn" }],
  [{ "allow-underscore-headers": ["true"] }, { limits: { ...DEFAULTS.limits, allowUnderscores: true } }],
  [{ uid: ["www-data"] }, { runAs: { uid: 33, gid: 34, name: "www-data", home: "/var/www" } }],
  [{ uid: ["33"], gid: ["adm"] }, { runAs: { uid: 33, gid: 4, name: "www-data", home: "/var/www" } }],
  [{ uid: ["1234"], gid: ["56"] }, { runAs: { uid: 1_234, gid: 56, name: null, home: null } }],
  [{ "pidfile": ["app.pid"] }, { pidfile: "/home/app/app.pid" }],
  [{ "listen-backlog": ["16"] }, { listenBacklog: 16 }],
];
const proxyOnly: [RawOptions, Record<string, unknown>][] = [
  [{ workers: ["auto"] }, { workers: 4 }],
  [{ listen: ["unix:p.sock", "[::1]:80"] }, {
    listen: [{ transport: "unix", path: "/home/app/p.sock" }, { transport: "tcp", hostname: "::1", port: 80 }],
  }],
  [{ listen: ["0", ":0"] }, {
    listen: [{ transport: "tcp", hostname: "", port: 0 }, { transport: "tcp", hostname: "", port: 0 }],
  }],
  [{ upstream: ["/api/=http://localhost:3000"] }, {
    routes: [relayed("/api", { transport: "tcp", hostname: "localhost", port: 3000 })],
  }],
  [{ static: ["/static=./public"] }, {
    routes: [
      relayed("/", { transport: "unix", path: "/run/app.sock" }),
      plainRoute("/static", { kind: "static", root: "/home/app/public" }),
    ],
  }],
  [{ upstream: ["unix:/run/app.sock,http://b:81"] }, {
    routes: [
      relayed("/", { transport: "unix", path: "/run/app.sock" }, { transport: "tcp", hostname: "b", port: 81 }),
    ],
  }],
  [{ "upstream-connect-timeout": ["1"] }, { routes: [limited({ connectTimeout: 1_000 })] }],
  [{ queue: ["0"] }, { routes: [queued({ queue: 0 })] }],
  [{ "queue-timeout": ["7"] }, { routes: [queued({ queueTimeout: 7_000 })] }],
  [{ "upstream-timeout": ["2"] }, { routes: [limited({ readTimeout: 2_000 })] }],
];
const NOTHING: Permissions = { read: [], write: [], net: [], env: [], run: [], sys: [], ffi: [] };

function confined(permissions: Partial<Permissions>): { apps: AppOptions[] } {
  return { apps: [{ ...APP, permissions: { ...NOTHING, ...permissions } }] };
}

const gatewayOnly: [RawOptions, Record<string, unknown>][] = [
  [{ "allow-read": ["data,/srv"] }, confined({ read: ["/home/app/data", "/srv"] })],
  [{ "allow-write": [""] }, confined({ write: "all" })],
  [{ "allow-net": ["db:5432"] }, confined({ net: ["db:5432"] })],
  [{ "allow-env": ["HOME"] }, confined({ env: ["HOME"] })],
  [{ "allow-run": ["git"] }, confined({ run: ["git"] })],
  [{ "allow-sys": ["hostname"] }, confined({ sys: ["hostname"] })],
  [{ "allow-ffi": ["lib.so"] }, confined({ ffi: ["/home/app/lib.so"] })],
  [{ "allow-net": [""], "require-confinement": ["true"] }, { ...confined({ net: "all" }), requireConfinement: true }],
  [{ learn: ["true"] }, { learn: true }],
  [{ "code-cache": ["off"] }, { codeCache: null }],
  [{ "code-cache": ["a/b"] }, { codeCache: { directory: "/home/app/a/b" } }],
  [{ watch: ["true"], "touch-reload": ["a", "/run/b"] }, { watch: true, reloadOn: ["/home/app/a", "/run/b"] }],
  [{ "env-file": ["app.env"], env: ["B=3", "C=x=y"] }, { env: { A: "1", B: "3", C: "x=y" } }],
  [{ chdir: ["."] }, { chdir: "/home/app" }],
  [{ control: ["app.ctl"] }, { control: "/home/app/app.ctl" }],
  [{ status: ["9000"] }, { status: { transport: "tcp", hostname: "", port: 9000 } }],
  [{ status: ["./s.sock"] }, { status: { transport: "unix", path: "/home/app/s.sock" } }],
  [{ workers: ["3"] }, { workers: 3 }],
  [{ workers: ["auto"] }, { workers: 4 }],
  [{ front: ["true"] }, { front: true }],
  [{ "worker-requests": ["9"] }, { workerRequests: 9 }],
  [{ queue: ["0"] }, { queue: 0 }],
  [{ "queue-timeout": ["0.5"] }, { queueTimeout: 500 }],
  [{ "request-timeout": ["2"] }, { requestTimeout: 2_000 }],
  [{ "ping-timeout": ["3"] }, { pingTimeout: 3_000 }],
  [{ "max-requests": ["100"] }, { maxRequests: 100 }],
  [{ "max-rss": ["200"] }, { maxRss: 209_715_200 }],
  [{ "max-lifetime": ["60"] }, { maxLifetime: 60_000 }],
  [{ module: ["app.ts:api"] }, { apps: [{ ...APP, exportName: "api" }] }],
  [{ mount: ["/api=app.ts:api"] }, { apps: [APP, { ...APP, prefix: "/api", exportName: "api" }] }],
  [{ "static-map": ["/s=public"] }, { staticMaps: [{ prefix: "/s", root: "/home/app/public" }] }],
  [{ socket: ["app.sock"] }, { socket: "/home/app/app.sock" }],
  [{ http: [":0", "localhost:1"] }, {
    http: [{ transport: "tcp", hostname: "", port: 0 }, { transport: "tcp", hostname: "localhost", port: 1 }],
  }],
  [{ http: ["fd:web"] }, { http: [{ transport: "passed", name: "web" }] }],
  [{ "uwsgi-socket": ["./u.sock", "unix:v.sock", "9000", "fd:wsgi"] }, {
    uwsgi: [
      { transport: "unix", path: "/home/app/u.sock", ...uwsgi() },
      { transport: "unix", path: "/home/app/v.sock", ...uwsgi() },
      { transport: "tcp", hostname: "", port: 9_000, ...uwsgi() },
      { transport: "passed", name: "wsgi", ...uwsgi() },
    ],
  }],
  [{ "uwsgi-socket": ["[::1]:9000"], "uwsgi-allow-from": ["10.0.0.0/8, ::1"] }, {
    uwsgi: [{ transport: "tcp", hostname: "::1", port: 9_000, ...uwsgi("10.0.0.0/8", "::1") }],
  }],
  [{ "chmod-socket": ["600"] }, { socketMode: 0o600 }],
  [{ "chown-socket": ["www-data:adm"] }, { socketOwner: { uid: 33, gid: 4 } }],
  [{ "boot-timeout": ["9"] }, { bootTimeout: 9_000 }],
];

Deno.test("validateProxy() turns every option into its field", async (t) => {
  const cases = [...common, ...proxyOnly];
  for (const [raw, changed] of cases) {
    await t.step(JSON.stringify(raw), () => {
      assertEquals<unknown>(validateProxy({ ...proxy, ...raw }, system), {
        ...validateProxy(proxy, system),
        ...changed,
      });
    });
  }
  await t.step("none is left out", () => {
    const seen = new Set(cases.flatMap(([raw]) => Object.keys(raw)));
    assertEquals(optionsOf("proxy").filter(({ name }) => name !== "help" && name !== "config" && !seen.has(name)), []);
  });
});

Deno.test("validateGateway() turns every option into its field", async (t) => {
  const cases = [...common, ...gatewayOnly];
  for (const [raw, changed] of cases) {
    await t.step(JSON.stringify(raw), () => {
      const plain = validateGateway(gateway, system);
      assertEquals<unknown>(validateGateway({ ...gateway, ...raw }, system), { ...plain, ...changed });
    });
  }
  await t.step("none is left out", () => {
    const seen = new Set(cases.flatMap(([raw]) => Object.keys(raw)));
    assertEquals(
      optionsOf("gateway").filter(({ name }) => name !== "help" && name !== "config" && !seen.has(name)),
      [],
    );
  });
});

Deno.test("validateGateway() does without --socket when there is --http", () => {
  const { socket, http } = validateGateway({ module: ["app.ts"], http: ["80"] }, system);
  assertEquals({ socket, http }, { socket: null, http: [{ transport: "tcp", hostname: "", port: 80 }] });
});

Deno.test("validateProxy() refuses what cannot be used", async (t) => {
  const cases: [RawOptions, string][] = [
    [{ listen: ["nope"] }, 'Cannot use --listen "nope": it has no port; an address is [HOST:]PORT'],
    [{ listen: [":80", "80"] }, 'Cannot use --listen "80": it is the same address as ":80"'],
    [{ listen: ["fd:a", "fd:a"] }, 'Cannot use --listen "fd:a": it is given twice'],
    [
      { listen: ["fd:"] },
      `Cannot use --listen "fd:": fd: is followed by a FileDescriptorName= or a descriptor's number`,
    ],
    [{ "listen-backlog": ["0"] }, 'Cannot use --listen-backlog "0": a whole number from 1 is needed'],
    [{ workers: ["all"] }, 'Cannot use --workers "all": a whole number from 1 to 1024, or auto, is needed'],
    [{ workers: ["1025"] }, 'Cannot use --workers "1025": a whole number from 1 to 1024 is needed'],
    [{ listen: [":80", ":80"] }, 'Cannot use --listen ":80": it is given twice'],
    [{ listen: ["unix:a", "unix:./a"] }, 'Cannot use --listen "unix:./a": it is the same address as "unix:a"'],
    [{ listen: ["unix:/nope/a"] }, 'Cannot use --listen "unix:/nope/a": there is no directory "/nope"'],
    [{ listen: ["unix:/root/a"] }, 'Cannot use --listen "unix:/root/a": permission denied to see "/root"'],
    [{ listen: ["unix:public"] }, 'Cannot use --listen "unix:public": it is a directory'],
    [
      { upstream: ["api=unix:/a"] },
      'Cannot use --upstream "api=unix:/a": a prefix begins with "/"; write "/api=unix:/a"',
    ],
    [{ upstream: ["/a?=unix:/a"] }, 'Cannot use --upstream "/a?=unix:/a": a prefix holds no spaces, "?", "#" or "%"'],
    [
      { upstream: ["/a=unix:/a", "/a/=unix:/b"] },
      'Cannot use --upstream "/a/=unix:/b": the prefix "/a" is taken by --upstream "/a=unix:/a"',
    ],
    [
      { static: ["public"] },
      'Cannot use --static "public": the prefix "/" is taken by --upstream "unix:/run/app.sock"',
    ],
    [{ static: ["/s=nope"] }, 'Cannot use --static "/s=nope": there is no directory "nope"'],
    [{ static: ["/s=app.ts"] }, 'Cannot use --static "/s=app.ts": "app.ts" is no directory'],
    [{ static: ["/s=/root"] }, 'Cannot use --static "/s=/root": permission denied to see "/root"'],
    [{ static: ["/s="] }, 'Cannot use --static "/s=": nothing follows the prefix "/s"'],
    [
      { upstream: ["/a=unix:/a"], static: ["s=public"] },
      'Cannot use --static "s=public": there is no directory "s=public"; a prefix begins with "/"',
    ],
    [{ "max-body": ["1x"] }, 'Cannot use --max-body "1x": a size is a number of bytes, or one with k, m or g, as 512k'],
    [{ "max-header-size": ["0"] }, 'Cannot use --max-header-size "0": it must be at least 1k'],
    [{ "header-timeout": ["0"] }, 'Cannot use --header-timeout "0": it must be at least 0.001 seconds'],
    [{ "max-connections": ["0"] }, 'Cannot use --max-connections "0": a whole number from 1 is needed'],
    [{ pidfile: ["/nope/pid"] }, 'Cannot use --pidfile "/nope/pid": there is no directory "/nope"'],
    [{ pidfile: ["app.ts/pid"] }, 'Cannot use --pidfile "app.ts/pid": there is no directory "/home/app/app.ts"'],
    [{ "access-log": ["public"] }, 'Cannot use --access-log "public": it is a directory'],
    [
      { "log-format": ["$staus"] },
      'Cannot use --log-format "$staus": there is no variable "$staus", did you mean "$status"?',
    ],
    [{ "log-level": ["inof"] }, 'Cannot use --log-level "inof": there are error, warn and info, did you mean "info"?'],
    [{ "log-level": ["debug"] }, 'Cannot use --log-level "debug": there are error, warn and info'],
    [{ uid: ["nobody"] }, 'Cannot use --uid "nobody": there is no user "nobody"'],
    [{ uid: ["33"], gid: ["nope"] }, 'Cannot use --gid "nope": there is no group "nope"'],
    [{ "access-log": ["logs/a.log"] }, 'Cannot use --access-log "logs/a.log": there is no directory "/home/app/logs"'],
  ];
  for (const [raw, message] of cases) {
    await t.step(message, () => {
      assertEquals(mistakeOf(() => validateProxy({ ...proxy, ...raw }, system)), ["STACKD_CONFIG_INVALID", message]);
    });
  }
});

Deno.test("validateProxy() needs an address and a route", () => {
  const error = assertThrows(() => validateProxy({}, system), StackdError);
  assertEquals(error.code, "STACKD_USAGE");
  assertEquals(error.message, "Cannot start the proxy: no address to listen on, give --listen [HOST:]PORT");
  assertEquals(error.detail, "Cannot start the proxy: no route, give --upstream TARGET or --static DIR");
});

Deno.test("validateGateway() refuses what cannot be used", async (t) => {
  const cases: [RawOptions, string, string][] = [
    [{ module: ["./nope.ts"] }, "STACKD_HANDLER_NOT_FOUND", 'Cannot load handler "./nope.ts": no such file'],
    [
      { module: ["public"] },
      "STACKD_HANDLER_NOT_FOUND",
      'Cannot load handler "public": it is a directory, and has no deno.json or package.json that names a module, nor an index.ts',
    ],
    [{ socket: ["unix:/a"] }, "STACKD_CONFIG_INVALID", 'Cannot use --socket "unix:/a": write the path alone, "/a"'],
    [{ socket: ["/nope/a"] }, "STACKD_CONFIG_INVALID", 'Cannot use --socket "/nope/a": there is no directory "/nope"'],
    [{ http: ["80", "80"] }, "STACKD_CONFIG_INVALID", 'Cannot use --http "80": it is given twice'],
    [
      { http: ["unix:/a"] },
      "STACKD_CONFIG_INVALID",
      'Cannot use --http "unix:/a": an address is [HOST:]PORT here; a unix socket is --socket PATH',
    ],
    [
      { "chmod-socket": ["rw"] },
      "STACKD_CONFIG_INVALID",
      'Cannot use --chmod-socket "rw": a mode is three octal digits, as 660',
    ],
    [
      { "chown-socket": ["nobody"] },
      "STACKD_CONFIG_INVALID",
      'Cannot use --chown-socket "nobody": there is no user "nobody"',
    ],
    [
      { "trusted-proxies": ["localhost"] },
      "STACKD_CONFIG_INVALID",
      'Cannot use --trusted-proxies "localhost": "localhost" is no address, no network as 10.0.0.0/8, and not unix',
    ],
  ];
  for (const [raw, code, message] of cases) {
    await t.step(message, () => {
      assertEquals(mistakeOf(() => validateGateway({ ...gateway, ...raw }, system)), [code, message]);
    });
  }
});

Deno.test("validateGateway() refuses the socket's mode and owner without a socket", () => {
  for (const name of ["chmod-socket", "chown-socket"] as const) {
    const raw: RawOptions = {
      module: ["app.ts"],
      http: ["80"],
      [name]: [name === "chmod-socket" ? "600" : "www-data"],
    };
    const expected: [string, string] = ["STACKD_USAGE", `Cannot use --${name}: there is no --socket`];
    assertEquals(mistakeOf(() => validateGateway(raw, system)), expected);
  }
});

Deno.test("validateGateway() takes --status for a path or a port, and says so", () => {
  const raw: RawOptions = { module: ["./app.ts"], http: ["8000"], status: ["stats.sock"] };
  const shape = 'it is PATH or [HOST:]PORT, and a path has a slash in it; write "./stats.sock" or "stats.sock:PORT"';
  assertEquals(mistakeOf(() => validateGateway(raw, system)), [
    "STACKD_CONFIG_INVALID",
    `Cannot use --status "stats.sock": ${shape}`,
  ]);
});

Deno.test("validateGateway() needs a module and an address", () => {
  const error = assertThrows(() => validateGateway({}, system), StackdError);
  assertEquals(error.code, "STACKD_USAGE");
  assertEquals(error.message, "Cannot start the gateway: no handler module, give its path");
  assertEquals(
    error.detail,
    "Cannot start the gateway: no address to listen on, give --socket PATH or --http [HOST:]PORT",
  );
});

Deno.test("validateProxy() gathers all mistakes, the first in front", () => {
  const raw: RawOptions = { listen: ["x", "unix:"], upstream: ["y"], "max-body": ["z"], pidfile: ["/nope/pid"] };
  const error = assertThrows(() => validateProxy(raw, system), StackdError);
  assertEquals([error.message, ...error.detail?.split("\n") ?? []].map((line) => line.split(":", 1)[0]), [
    'Cannot use --listen "x"',
    'Cannot use --listen "unix',
    'Cannot use --upstream "y"',
    'Cannot use --max-body "z"',
    'Cannot use --pidfile "/nope/pid"',
  ]);
});

Deno.test("--uid needs root, a group, and is what --gid is for", () => {
  const cases: [raw: RawOptions, uid: number, message: string][] = [
    [
      { uid: ["www-data"] },
      1_000,
      "Cannot use --uid: only root may run processes as another user, start stackd as root",
    ],
    [{ uid: ["1234"] }, 0, "Cannot use --uid: user 1234 is not in /etc/passwd, so --gid GROUP is needed"],
    [{ gid: ["adm"] }, 0, "Cannot use --gid: there is no --uid"],
  ];
  for (const [raw, uid, message] of cases) {
    const act = () => validateProxy({ ...proxy, ...raw }, fakeSystem({}, uid));
    assertEquals(mistakeOf(act), ["STACKD_USAGE", message]);
  }
  // A front that has become the user reads its configuration again.
  assertEquals(validateProxy({ ...proxy, uid: ["www-data"] }, fakeSystem({}, 33)).runAs, null);
});
