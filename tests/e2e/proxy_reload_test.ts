/** HUP on the compiled proxy: what a changed file changes, what a bad one does not, and what clients notice of either. @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Load } from "../support/load.ts";
import { FileProxy } from "../support/proxy_file.ts";
import { Running } from "../support/stackd.ts";

/** Answers with its name; `/up` says whether it is well. */
const SERVER = `
const [name, port] = Deno.args;
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: ({ port }) => console.log("port " + port) }, async (request) => {
  const body = await request.text();
  return new Response(name + " " + body);
});
`;

async function startServer(name: string, port = "0"): Promise<{ readonly server: Running; readonly port: string }> {
  const server = new Running(Deno.execPath(), ["eval", "--ext=js", SERVER, name, port]);
  const [, bound] = await server.untilPrinted(/^port (\d+)$/m);
  return { server, port: bound };
}

const SECONDS = Number(Deno.env.get("STACKD_LOAD_SECONDS") ?? 5);
const HUPS = 20;

Deno.test(`${HUPS} changes of routes and groups under load fail and reset nothing`, async () => {
  const a = await startServer("a"), b = await startServer("b");
  await using _a = a.server;
  await using _b = b.server;
  const sections = (i: number) =>
    `[upstream.app]
servers = ["http://127.0.0.1:${a.port}"${
      i % 2 === 0 ? "" : `, { target = "http://127.0.0.1:${b.port}", weight = ${i} }`
    }]
policy = "${["round-robin", "least-conn", "random-two"][i % 3]}"
max-fails = ${i % 4}
${i % 5 === 0 ? "health-check = true" : ""}
[[proxy.route]]
path = "/"
upstream = "app"
response-fields = { set = { X-Version = "${i}" } }
${i % 3 === 0 ? "" : `[[proxy.route]]\npath = "/extra-${i}"\nrespond = { body = "${i}" }`}
`;
  await using proxy = await FileProxy.start(sections(0));
  await using load = new Load({ transport: "tcp", hostname: "127.0.0.1", port: proxy.port });
  await load.answers(50);
  for (let i = 1; i <= HUPS; i++) {
    const until = performance.now() + SECONDS * 1_000 / HUPS;
    assertStringIncludes(await proxy.reload(sections(i)), "Reloaded: ");
    const response = await fetch(`http://127.0.0.1:${proxy.port}/`);
    await response.body?.cancel();
    assertEquals(response.headers.get("x-version"), String(i), "the change holds when the log says so");
    while (performance.now() < until) await load.answers(10);
  }
  await load.stop();
  assertEquals(load.failed, []);
  assert(load.rate > 200, `${load.rate} requests a second are no load`);
  assertEquals(new Set(load.sent.map(({ body }) => body[0])), new Set(["a", "b"]));
  assert(!proxy.proxy.stderr.includes("[error]"), proxy.proxy.stderr);
});

/** Ten kinds of bad file, and what the log says of each. */
const BAD: [name: string, text: string, said: string][] = [
  ["not TOML", "[proxy\n", "stackd.toml:1:7: "],
  [
    "an unknown key",
    "[proxy]\nlisten = ':0'\nmax-bdy = 1\n[[proxy.route]]\nrespond = {}",
    'stackd.toml:3: "max-bdy" is no key of [proxy], did you mean "max-body"?',
  ],
  ["an unknown section", "[proxi]\nlisten = ':0'", "stackd.toml:1: "],
  [
    "a bad value",
    "[proxy]\nlisten = ':0'\nmax-body = '20x'\n[[proxy.route]]\nrespond = {}",
    'stackd.toml:3: max-body = "20x": a size is',
  ],
  ["a wrong type", "[proxy]\nlisten = ':0'\n[[proxy.route]]\npath = 1\nrespond = {}", "stackd.toml:4: path = 1: "],
  [
    "an unknown group",
    "[proxy]\nlisten = ':0'\n[upstream.app]\nservers = 'unix:/a'\n[[proxy.route]]\nupstream = 'ap'",
    "stackd.toml:6: ",
  ],
  ["a missing directory", "[proxy]\nlisten = ':0'\n[[proxy.route]]\nstatic = 'nowhere'", "stackd.toml:4: "],
  [
    "two routes of one place",
    "[proxy]\nlisten = ':0'\n[[proxy.route]]\nrespond = {}\n[[proxy.route]]\nrespond = {}",
    "stackd.toml:5: ",
  ],
  ["no route", "[proxy]\nlisten = ':0'", "Cannot start the proxy: no route"],
  [
    "a bad password hash",
    "[proxy]\nlisten = ':0'\n[[proxy.route]]\nrespond = {}\nbasic-auth = { realm = 'x', users = ['a:plain'] }",
    "stackd.toml:5: ",
  ],
];

Deno.test("a bad file changes nothing and says why", async (t) => {
  const a = await startServer("a");
  await using _ = a.server;
  const good = `[[proxy.route]]\nupstream = "http://127.0.0.1:${a.port}"\n`;
  await using proxy = await FileProxy.start(good);
  await using load = new Load({ transport: "tcp", hostname: "127.0.0.1", port: proxy.port });
  await load.answers(10);
  for (const [name, text, said] of BAD) {
    await t.step(name, async () => {
      const log = await proxy.reloadFile(text.replaceAll("'", '"'));
      assertStringIncludes(log, "Cannot reload, nothing has changed: ");
      assertStringIncludes(log, said);
      await load.answers(5);
    });
  }
  await t.step("a file that is gone", async () => {
    Deno.removeSync(proxy.directory.at("stackd.toml"));
    const before = proxy.proxy.stderr.length;
    proxy.proxy.kill("SIGHUP");
    await proxy.proxy.until("it says so", () => proxy.proxy.stderr.slice(before).includes("no such file"));
  });
  assertStringIncludes(await proxy.reload(good), "Reloaded: 1 route\n");
  await load.answers(10);
  await load.stop();
  assertEquals(load.failed, []);
});

Deno.test("a server that is killed under load is used again when its health check passes", async () => {
  const a = await startServer("a"), b = await startServer("b");
  await using _a = a.server;
  await using proxy = await FileProxy.start(`[upstream.app]
servers = ["http://127.0.0.1:${a.port}", "http://127.0.0.1:${b.port}"]
health-check = { path = "/up", interval = 0.2, timeout = 1 }
fail-timeout = 0.3
[[proxy.route]]
upstream = "app"
`);
  await using load = new Load({ transport: "tcp", hostname: "127.0.0.1", port: proxy.port });
  await load.answers(100);
  await b.server.stop("SIGKILL");
  const { stderr } = proxy.proxy;
  await proxy.proxy.until(
    "the check fails",
    () => proxy.proxy.stderr.slice(stderr.length).includes("is taken out: its health check"),
  );
  await load.answers(200);
  const back = await startServer("b again", b.port);
  await using _b = back.server;
  await proxy.proxy.until("it is used again", () => load.sent.some(({ body }) => body.startsWith("b again")));
  await load.answers(50);
  await load.stop();
  const failed = load.failed;
  assertEquals(failed.filter(({ method }) => method === "GET"), [], "a GET is asked again elsewhere");
  assert(failed.length <= 16, `${failed.length} POSTs failed`);
  assertStringIncludes(proxy.proxy.stderr, " is back: its health check passes");
});
