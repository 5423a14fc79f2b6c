/** The gateway's uwsgi sockets: where they are, who gets which request there, and how they end. With the compiled binary. @module */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { RawClient, type RawResponse } from "../support/raw_http.ts";
import { Running, runStackd, stackd, TestDirectory } from "../support/stackd.ts";
import { accepts, until } from "../support/until.ts";
import { startUwsgiGateway } from "../support/uwsgi_gateway.ts";
import { packetWith, type Vars } from "../uwsgi/corpus/requests.ts";

const QUIET = ["--access-log", "off"];

/** Says who it is and what it sees; waits where it is asked to. */
const APP = (name: string) => `
const exists = (file) => Deno.stat(file).then(() => true, () => false);
export default async (request, { prefix }) => {
  const { pathname, search } = new URL(request.url);
  while (pathname === "/wait" && !await exists("go")) await new Promise((resolve) => setTimeout(resolve, 10));
  return new Response(["${name}", prefix, pathname + search].join(" "));
};
`;
const WSGI = `
export const application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [["SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "wsgi.url_scheme", "REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT"]
    .map((name) => environ[name]).join(" ")];
};
`;

async function ask(address: ListenAddress, vars: Vars): Promise<RawResponse> {
  using client = await RawClient.connect(address);
  await client.send(packetWith(vars));
  return await client.response();
}

const at = (path: string): ListenAddress => ({ transport: "unix", path });
const to = (REQUEST_URI: string, PATH_INFO = REQUEST_URI, SCRIPT_NAME = ""): Vars => ({
  REQUEST_URI,
  PATH_INFO,
  SCRIPT_NAME,
});

Deno.test("--uwsgi-socket on unix sockets and ports, beside HTTP: the banner says what is where", async () => {
  using directory = new TestDirectory();
  directory.write("app.js", APP("app"));
  const [http, first, second] = ["h.sock", "u.sock", "v.sock"].map((name) => directory.at(name));
  const more = ["--uwsgi-socket", "127.0.0.1:0", "--uwsgi-socket", second, "--socket", http, "--chmod-socket", "600"];
  await using gateway = await startUwsgiGateway(first, directory.at("app.js"), [...QUIET, ...more]);
  assertEquals(
    gateway.stdout.replace(/^stackd \S+/, "stackd VERSION").replace(/:\d+\n/, ":PORT\n"),
    `stackd VERSION gateway
  socket   ${http} (mode 600)
  uwsgi    ${first} (mode 600)
  uwsgi    127.0.0.1:PORT
  uwsgi    ${second} (mode 600)
  module   ${directory.at("app.js")} (default export, function)
  workers  1
  pid      ${gateway.pid}
`,
  );
  const [, port] = await gateway.untilPrinted(/127\.0\.0\.1:(\d+)/);
  const tcp: ListenAddress = { transport: "tcp", hostname: "127.0.0.1", port: Number(port) };
  for (const address of [at(first), at(second), tcp]) {
    assertEquals((await ask(address, to("/a?b", "/a"))).body, "app  /a?b");
  }
  for (const path of [http, first, second]) assertEquals((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
  using client = await RawClient.connect(at(http));
  await client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  assertEquals((await client.response()).body, "app  /a");
  await gateway.stop();
  for (const path of [http, first, second]) assertEquals(await accepts({ transport: "unix", path }), false);
  assertEquals([...Deno.readDirSync(directory.path)].filter(({ name }) => name.endsWith(".sock")), []);
});

Deno.test("several apps: mounts are found by the client's path, and SCRIPT_NAME is taken off it", async (t) => {
  using directory = new TestDirectory();
  for (const name of ["root", "api"]) directory.write(`${name}.js`, APP(name));
  directory.write("wsgi.js", WSGI);
  const socket = directory.at("u.sock");
  const mounts = ["--mount", "/api=api.js", "--mount", "/größe=wsgi.js", "--mount", "/wsgi=wsgi.js"];
  const options = { cwd: directory.path };
  await using _gateway = await startUwsgiGateway(socket, directory.at("root.js"), [...QUIET, ...mounts], options);
  const wsgi = (...values: string[]) => [...values, "http", "203.0.113.9", "a.example", "80"].join(" ");
  const cases: [name: string, vars: Vars, body: string][] = [
    ["the root", to("/x?y", "/x"), "root  /x?y"],
    ["a mount, by the path", to("/api/x?y", "/api/x"), "api /api /x?y"],
    ["a mount, SCRIPT_NAME says the same", to("/api/x", "/x", "/api"), "api /api /x"],
    ["a mount, SCRIPT_NAME and the whole path", to("/api/x", "/api/x", "/api"), "api /api /x"],
    ["a mount, SCRIPT_NAME says more", to("/api/v1/x", "/x", "/api/v1"), "api /api/v1 /x"],
    ["SCRIPT_NAME says less", to("/api/x", "/api/x", "/"), "api /api /x"],
    ["SCRIPT_NAME without a mount", to("/app/x?y", "/x", "/app"), "root /app /x?y"],
    ["SCRIPT_NAME with a slash at its end", to("/app/x", "/app/x", "/app/"), "root /app /x"],
    ["the root of SCRIPT_NAME", to("/app", "", "/app"), "root /app /"],
    ["SCRIPT_NAME that is another path's", to("/other/x", "/other/x", "/app"), "root  /other/x"],
    ["SCRIPT_NAME that ends within a segment", to("/apples", "/apples", "/app"), "root  /apples"],
    ["SCRIPT_NAME, and a path in another form", to("/x/../%61pp//y", "/y", "/app"), "root /app /y"],
    ["a prefix that a client claims", { ...to("/x"), HTTP_X_FORWARDED_PREFIX: "/evil" }, "root  /x"],
    ["WSGI below a mount", to("/wsgi/a%20b?q=1", "/wsgi/a b"), wsgi("/wsgi", "/a b", "q=1")],
    ["WSGI with SCRIPT_NAME", to("/wsgi/v1/x", "/x", "/wsgi/v1"), wsgi("/wsgi/v1", "/x", "")],
  ];
  for (const [name, vars, body] of cases) {
    await t.step(name, async () => assertEquals((await ask(at(socket), vars)).body, body));
  }
  await t.step("a name beyond ASCII, in WSGI", async () => {
    const { body } = await ask(at(socket), to("/gr%C3%B6%C3%9Fe/x", ""));
    assertStringIncludes(new TextDecoder().decode(Uint8Array.from(body, (c) => c.charCodeAt(0))), "/größe /x ");
  });
});

Deno.test("a reload, and a stop, let a request over uwsgi end", async () => {
  using directory = new TestDirectory();
  const module = directory.write("app.js", APP("first")), socket = directory.at("u.sock");
  await using gateway = await startUwsgiGateway(socket, module, QUIET, { cwd: directory.path });
  using slow = await RawClient.connect(at(socket)), slower = await RawClient.connect(at(socket));
  await slow.send(packetWith(to("/wait")));
  assertEquals((await ask(at(socket), to("/"))).body, "first  /");
  directory.write("app.js", APP("second"));
  gateway.kill("SIGHUP");
  await until("the new module serves", async () => (await ask(at(socket), to("/"))).body === "second  /");
  await slower.send(packetWith(to("/wait")));
  assertEquals((await ask(at(socket), to("/"))).body, "second  /");
  const ended = gateway.stop();
  await until("nobody is accepted", async () => !await accepts({ transport: "unix", path: socket }));
  directory.write("go", "");
  assertEquals((await slow.response()).body, "first  /wait");
  assertEquals((await slower.response()).body, "second  /wait");
  assertEquals((await ended).code, 0);
});

Deno.test("a socket that a killed gateway has left is taken over, one that is served is not", async () => {
  using directory = new TestDirectory();
  const module = directory.write("app.js", APP("app")), socket = directory.at("u.sock");
  const killed = await startUwsgiGateway(socket, module, QUIET);
  await killed.stop("SIGKILL");
  await until("its processes are gone", async () => !await accepts({ transport: "unix", path: socket }));
  Deno.lstatSync(socket);
  await using _gateway = await startUwsgiGateway(socket, module, QUIET);
  assertEquals((await ask(at(socket), to("/"))).body, "app  /");
  const second = await runStackd(["gateway", "--uwsgi-socket", socket, module]);
  assertEquals(second.code, 1);
  assertMatch(second.stderr, /Cannot listen on "[^"]+": another process serves it/);
});

Deno.test("mistakes in the options get one sentence each", async (t) => {
  using directory = new TestDirectory();
  const module = directory.write("app.js", APP("app")), socket = directory.at("u.sock");
  const cases: [name: string, args: string[], says: string][] = [
    [
      "a name without a slash",
      ["--uwsgi-socket", "app.sock"],
      'and a path has a slash in it; write "./app.sock" or "app.sock:PORT"',
    ],
    ["no directory", ["--uwsgi-socket", "/nonexistent/u.sock"], 'there is no directory "/nonexistent"'],
    [
      "HTTP is there",
      ["--uwsgi-socket", "9001", "--http", "9001"],
      'Cannot use --uwsgi-socket "9001": HTTP is spoken there',
    ],
    ["HTTP's socket is there", ["--uwsgi-socket", socket, "--socket", socket], "HTTP is spoken there"],
    ["twice", ["--uwsgi-socket", socket, "--uwsgi-socket", `unix:${socket}`], "it is the same address as"],
    [
      "a network that is none",
      ["--uwsgi-socket", "9001", "--uwsgi-allow-from", "10/8"],
      '"10/8" is no address and no network',
    ],
    ["a network for nothing", ["--http", "9001", "--uwsgi-allow-from", "10.0.0.0/8"], "there is no --uwsgi-socket"],
    [
      "a network for files",
      ["--uwsgi-socket", socket, "--uwsgi-allow-from", "::1"],
      "up to its file's mode, --chmod-socket",
    ],
    ["a mode for ports", ["--uwsgi-socket", "9001", "--chmod-socket", "600"], "Cannot use --chmod-socket"],
  ];
  for (const [name, args, says] of cases) {
    await t.step(name, async () => {
      const { code, stderr } = await runStackd(["gateway", ...args, module], { cwd: directory.path });
      assertEquals(code, 2);
      assertStringIncludes(stderr, says);
    });
  }
});

Deno.test("over TCP, peers need --uwsgi-allow-from", async () => {
  using directory = new TestDirectory();
  const module = directory.write("app.js", APP("app"));
  const args = ["gateway", ...QUIET, "--uwsgi-socket", "127.0.0.1:0", "--uwsgi-allow-from", "192.0.2.1", module];
  await using gateway: Running = stackd(args);
  const [, port] = await gateway.untilPrinted(/uwsgi +127\.0\.0\.1:(\d+)/);
  using client = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port: Number(port) });
  assertEquals((await client.end()).rest, "");
  await gateway.until(
    "it says so",
    () => gateway.stderr.includes("[warn] Closed a connection of 127.0.0.1: --uwsgi-allow-from does not name it"),
  );
});
