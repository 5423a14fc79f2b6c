/** [gateway] of stackd.toml: the flags of `stackd gateway` under their names. */
import { assertEquals, assertRejects } from "@std/assert";
import { gatewayKeys } from "../../lib/config/file/gateway_section.ts";
import { readGatewayFile } from "../../lib/config/file/load.ts";
import type { RawOptions } from "../../lib/config/flags.ts";
import type { GatewayOptions } from "../../lib/config/options.ts";
import { realSystem } from "../../lib/config/system.ts";
import { validateGateway } from "../../lib/config/validate.ts";
import { StackdError } from "../../lib/errors.ts";
import { TestDirectory } from "../support/stackd.ts";

/** The file `conf/stackd.toml` of `directory`, read from `directory`. */
async function read(directory: TestDirectory, toml: string) {
  directory.write("conf/stackd.toml", toml);
  return await readGatewayFile("conf/stackd.toml", { ...realSystem(), cwd: directory.path });
}

async function options(directory: TestDirectory, toml: string, raw: RawOptions = {}): Promise<GatewayOptions> {
  return validateGateway(raw, { ...realSystem(), cwd: directory.path }, await read(directory, toml));
}

Deno.test("readGatewayFile() keeps [gateway] as the values of flags", async (t) => {
  using directory = new TestDirectory();
  const path = directory.at("conf");
  const cases: [toml: string, texts: string[] | undefined][] = [
    ['socket = "app.sock"', [`${path}/app.sock`]],
    ["http = 8080", ["8080"]],
    ['http = [":80", "[::1]:81"]', [":80", "[::1]:81"]],
    ['uwsgi-socket = "u.sock"', ["u.sock"]],
    ['uwsgi-socket = "./u.sock"', [`${path}/u.sock`]],
    ['uwsgi-socket = ":9000"', [":9000"]],
    ['uwsgi-allow-from = "10.0.0.0/8"', ["10.0.0.0/8"]],
    ['chmod-socket = "600"', ["600"]],
    ["chmod-socket = 600", ["600"]],
    ['chown-socket = "www-data"', ["www-data"]],
    ["listen-backlog = 10", ["10"]],
    ['trusted-proxies = ["unix", "::1"]', ["unix,::1"]],
    ["trusted-proxies = []", undefined],
    ["allow-underscore-headers = true", ["true"]],
    ["allow-underscore-headers = false", undefined],
    ['module = "app.ts:api"', [`${path}/app.ts:api`]],
    ['module = "-"', ["-"]],
    ['mount = ["/a=a.ts", "/b=../b"]', [`/a=${path}/a.ts`, `/b=${directory.path}/b`]],
    ['mount = "/a=-"', ["/a=-"]],
    ['mount = [{ prefix = "/a", module = "a.ts" }, "/b=b.ts"]', [`/a=${path}/a.ts`, `/b=${path}/b.ts`]],
    ['static-map = "/s=./public"', [`/s=${path}/public`]],
    ["boot-timeout = 1", ["1"]],
    ['workers = "auto"', ["auto"]],
    ["front = true", ["true"]],
    ["worker-requests = 2", ["2"]],
    ["request-timeout = 3.5", ["3.5"]],
    ["ping-timeout = 4", ["4"]],
    ["max-requests = 5", ["5"]],
    ["max-rss = 6", ["6"]],
    ["max-lifetime = 7", ["7"]],
    ["watch = true", ["true"]],
    ['code-cache = "c"', [`${path}/c`]],
    ['code-cache = "off"', ["off"]],
    ['touch-reload = ["a", "/b"]', [`${path}/a`, "/b"]],
    ['env = ["A=1", "B=x=y"]', ["A=1", "B=x=y"]],
    ['env = { A = "1", B = "x=y", C = 3 }', ["A=1", "B=x=y", "C=3"]],
    ['env-file = ".env"', [`${path}/.env`]],
    ['uid = "www-data"', ["www-data"]],
    ["gid = 33", ["33"]],
    ['chdir = ".."', [directory.path]],
    ["allow-read = true", [""]],
    ["allow-read = false", []],
    ['allow-read = ["a", "/b"]', [`${path}/a`, "/b"]],
    ['allow-read = "a,/b"', [`${path}/a,/b`]],
    ['allow-read = ["a,,b,c"]', [`${path}/a,,b,${path}/c`]],
    ['allow-write = "w"', [`${path}/w`]],
    ['allow-net = ["example.org:443", "unix:db.sock"]', ["example.org:443", `unix:${path}/db.sock`]],
    ['allow-env = "HOME,APP_*"', ["HOME,APP_*"]],
    ['allow-run = ["git", "./tool"]', ["git", `${path}/tool`]],
    ['allow-sys = "hostname"', ["hostname"]],
    ['allow-ffi = "lib.so"', [`${path}/lib.so`]],
    ["require-confinement = true", ["true"]],
    ["learn = true", ["true"]],
    ['max-body = "1m"', ["1m"]],
    ["max-header-size = 4096", ["4096"]],
    ["header-timeout = 1", ["1"]],
    ["body-timeout = 2", ["2"]],
    ["write-timeout = 3", ["3"]],
    ["keepalive-timeout = 4", ["4"]],
    ["keepalive-requests = 5", ["5"]],
    ["max-connections = 6", ["6"]],
    ["max-connections-per-client = 7", ["7"]],
    ["queue = 8", ["8"]],
    ["queue-timeout = 9", ["9"]],
    ["graceful-timeout = 10", ["10"]],
    ['access-log = "-"', ["-"]],
    ['access-log = "a.log"', [`${path}/a.log`]],
    ['log-format = "json"', ["json"]],
    ['log-level = "warn"', ["warn"]],
    ['pidfile = "p"', [`${path}/p`]],
    ['control = "c"', [`${path}/c`]],
    ['status = "unix:s.sock"', ["unix:s.sock"]],
    ['status = "unix:./s.sock"', [`${path}/s.sock`]],
    ['status = ":9191"', [":9191"]],
  ];
  for (const [toml, texts] of cases) {
    await t.step(toml, async () => {
      const { values, mistakes } = await read(directory, `[gateway]\n${toml}\n`);
      assertEquals(mistakes.list(), []);
      assertEquals(values.get(toml.split(" ")[0] ?? "")?.map(({ text }) => text), texts);
    });
  }
  await t.step("no flag is left out", () => {
    const seen = new Set(cases.map(([toml]) => toml.split(" ")[0]));
    assertEquals(gatewayKeys().filter((name) => !seen.has(name)), []);
  });
});

Deno.test("validateGateway() puts [gateway] and the command line together, and flags win", async () => {
  using directory = new TestDirectory();
  directory.write("conf/app.ts", "");
  directory.write("other.ts", "");
  const toml =
    '[gateway]\nmodule = "app.ts"\nhttp = [":1", ":2"]\nworkers = 3\nfront = true\n[gateway.env]\nA = "1"\n' +
    "[proxy]\nlisten = 1\nnonsense = true\n[upstream.x]\nnonsense = 1\n";
  const plain = await options(directory, toml);
  assertEquals([plain.apps.map(({ module }) => module), plain.http.length, plain.workers, plain.front, plain.env], [
    [directory.at("conf/app.ts")],
    2,
    3,
    true,
    { A: "1" },
  ]);
  const flagged = await options(directory, toml, { module: ["other.ts"], http: [":3"], workers: ["1"] });
  assertEquals([flagged.apps.map(({ module }) => module), flagged.http.length, flagged.workers, flagged.front], [
    [directory.at("other.ts")],
    1,
    1,
    true,
  ]);
});

Deno.test("validateGateway() gives each app the permissions of its mount, or those of [gateway]", async () => {
  using directory = new TestDirectory();
  for (const name of ["app", "a", "b", "c"]) directory.write(`conf/${name}.ts`, "");
  const { apps } = await options(
    directory,
    `[gateway]
module = "app.ts"
http = 1
allow-net = true
env = { A = "1" }
[[gateway.mount]]
prefix = "/a"
module = "a.ts:api"
allow-read = ["data", "/srv"]
allow-env = "HOME"
[[gateway.mount]]
prefix = "/b/"
module = "b.ts"
[[gateway.mount]]
prefix = "/c"
module = "c.ts"
allow-net = false
`,
  );
  const nothing = { read: [], write: [], net: [], env: ["A"], run: [], sys: [], ffi: [] };
  assertEquals(apps.map(({ prefix, exportName, permissions }) => ({ prefix, exportName, permissions })), [
    { prefix: "/", exportName: null, permissions: { ...nothing, net: "all" } },
    {
      prefix: "/a",
      exportName: "api",
      permissions: { ...nothing, read: [directory.at("conf/data"), "/srv"], env: ["HOME", "A"] },
    },
    { prefix: "/b", exportName: null, permissions: { ...nothing, net: "all" } },
    { prefix: "/c", exportName: null, permissions: nothing },
  ]);
});

Deno.test("readGatewayFile() and validateGateway() say what is wrong in [gateway], with its place", async (t) => {
  using directory = new TestDirectory();
  directory.write("conf/app.ts", "");
  const cases: [toml: string, message: string][] = [
    ["workrs = 2", 'Cannot use conf/stackd.toml:4: "workrs" is no key of [gateway], did you mean "workers"?'],
    ["workers = 0", "Cannot use conf/stackd.toml:4: workers = 0: a whole number from 1 to 1024 is needed"],
    ["workers = [1]", "Cannot use conf/stackd.toml:4: workers = [1]: one value is needed, not an array"],
    ["front = 1", "Cannot use conf/stackd.toml:4: front = 1: true or false is needed"],
    ['pidfile = ""', 'Cannot use conf/stackd.toml:4: pidfile = "": it is empty'],
    [
      'log-format = "$stats"',
      'Cannot use conf/stackd.toml:4: log-format = "$stats": there is no variable "$stats", did you mean "$status"?',
    ],
    [
      'touch-reload = "no/file"',
      `Cannot use conf/stackd.toml:4: touch-reload = "no/file": there is no directory "${directory.at("conf/no")}"`,
    ],
    [
      'mount = { module = "app.ts" }',
      'Cannot use conf/stackd.toml:4: a mount has no "prefix", and one is needed',
    ],
    [
      '[[gateway.mount]]\nprefix = "a"\nmodule = "app.ts"',
      'Cannot use conf/stackd.toml:5: prefix = "a": a prefix begins with "/", write "/a"',
    ],
    [
      '[[gateway.mount]]\nprefix = "/a=b"\nmodule = "app.ts"',
      'Cannot use conf/stackd.toml:5: prefix = "/a=b": a prefix holds no "="',
    ],
    [
      '[[gateway.mount]]\nprefix = "/a b"\nmodule = "app.ts"',
      'Cannot use conf/stackd.toml:4: [[gateway.mount]]: a prefix holds no spaces, "?", "#" or "%"',
    ],
    [
      '[[gateway.mount]]\nprefix = "/a"\nmodule = "app.ts"\nallow-raed = true',
      'Cannot use conf/stackd.toml:7: "allow-raed" is no key of [[gateway.mount]], did you mean "allow-read"?',
    ],
    [
      '[[gateway.mount]]\nprefix = "/a"\nmodule = "app.ts"\nallow-net = "http://x"',
      'Cannot use conf/stackd.toml:7: allow-net = "http://x": "http://x" is no HOST[:PORT], as db.internal:5432, nor unix:PATH',
    ],
    ['env = { A = ["x"] }', 'Cannot use conf/stackd.toml:4: A = ["x"]: one value is needed, not an array'],
  ];
  for (const [toml, message] of cases) {
    await t.step(toml, async () => {
      const act = () => options(directory, `[gateway]\nmodule = "app.ts"\nhttp = 1\n${toml}\n`);
      const error = await assertRejects(act, StackdError);
      assertEquals([error.code, error.message, error.detail], ["STACKD_CONFIG_INVALID", message, undefined]);
    });
  }
  await t.step("a key above all sections", async () => {
    const { mistakes } = await read(directory, "workers = 2\n[gateway]\n");
    assertEquals(mistakes.list(), [
      'Cannot use conf/stackd.toml:1: "workers" stands in no section, write [gateway] above it',
    ]);
  });
});
