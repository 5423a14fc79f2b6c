/** Several apps in one gateway: who gets which request, and how it looks there. With the compiled binary. @module */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RawClient, type RawResponse } from "../support/raw_http.ts";
import { Running, runStackd, stackd, TestDirectory } from "../support/stackd.ts";
import { childrenOf } from "./faults_app.ts";

/** Answers with its name, its prefix, and the request as it sees it; does as it is told below /redirect and /ws. */
const APP = (name: string) => `
export default (request: Request, { prefix, workerId }: { prefix: string; workerId: number }): Response => {
  const { pathname, search, host } = new URL(request.url);
  if (pathname === "/redirect") {
    return new Response(null, { status: 302, headers: { "Location": "/elsewhere", "Set-Cookie": "a=b; Path=/" } });
  }
  if (pathname === "/ws") {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send("${name} " + prefix + " " + data);
    return response;
  }
  const told = request.headers.get("x-forwarded-prefix");
  return new Response(["${name}", prefix, pathname + search, host, told, workerId].join(" "));
};
`;
const WSGI = `
export const application = (environ: Record<string, string>, startResponse: (status: string, fields: string[][]) => void) => {
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [environ.SCRIPT_NAME + " " + environ.PATH_INFO + " " + environ.QUERY_STRING];
};
`;

/** A gateway on a port, and what answers a path on it. */
class Mounted implements AsyncDisposable {
  readonly running: Running;
  port = 0;

  constructor(args: readonly string[], cwd: string) {
    this.running = stackd(["gateway", "--http", "127.0.0.1:0", "--access-log", "off", ...args], { cwd });
  }

  static async start(directory: TestDirectory, ...args: string[]): Promise<Mounted> {
    const mounted = new Mounted(args, directory.path);
    const [, port] = await mounted.running.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
    await mounted.running.untilPrinted(/^ +pid +\d+$/m);
    mounted.port = Number(port);
    return mounted;
  }

  async ask(target: string, ...fields: string[]): Promise<RawResponse> {
    using client = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port: this.port });
    await client.send([`GET ${target} HTTP/1.1`, "Host: a.example", ...fields, "", ""].join("\r\n"));
    return await client.response();
  }

  async body(target: string, ...fields: string[]): Promise<string> {
    const { body } = await this.ask(target, ...fields);
    return new TextDecoder().decode(Uint8Array.from(body, (character) => character.charCodeAt(0)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.running[Symbol.asyncDispose]();
  }
}

Deno.test("mount: the longest prefix wins, by segments, and is taken off", async (t) => {
  using directory = new TestDirectory();
  directory.write("root.ts", APP("root"));
  directory.write("api.ts", APP("api"));
  directory.write("v2.ts", APP("v2"));
  directory.write("wsgi.ts", WSGI);
  await using mounted = await Mounted.start(
    directory,
    ...["--mount", "/api=api.ts", "--mount", "/api/v2/=v2.ts", "--mount", "/größe=wsgi.ts", "root.ts"],
  );
  const cases: [target: string, body: string][] = [
    ["/", "root  / a.example  1"],
    ["/x?y=/api", "root  /x?y=/api a.example  1"],
    ["/api", "api /api / a.example /api 1"],
    ["/api/", "api /api / a.example /api 1"],
    ["/api?q", "api /api /?q a.example /api 1"],
    ["/api/v1/x%2Fy?q=1", "api /api /v1/x%2Fy?q=1 a.example /api 1"],
    ["/apis", "root  /apis a.example  1"],
    ["/api/v2/z", "v2 /api/v2 /z a.example /api/v2 1"],
    ["/api/v22", "api /api /v22 a.example /api 1"],
    ["/%61pi/x", "api /api /x a.example /api 1"],
    ["/x/../api/y", "api /api /y a.example /api 1"],
    ["/api/../x", "root  /x a.example  1"],
    ["http://b.example/api/x", "api /api /x b.example /api 1"],
    ["/gr%C3%B6%C3%9Fe/%C3%A4?q=1", "/größe /ä q=1"],
    ["/gr%c3%b6%c3%9fe", "/größe / "],
  ];
  for (const [target, body] of cases) await t.step(target, async () => assertEquals(await mounted.body(target), body));

  await t.step("what an app says of places is its own", async () => {
    const { fields } = await mounted.ask("/api/redirect");
    const said = fields.filter(([name]) => /^(location|set-cookie)$/i.test(name)).map(([, value]) => value);
    assertEquals(said.sort(), ["/elsewhere", "a=b; Path=/"]);
  });
  await t.step("a WebSocket", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${mounted.port}/api/v2/ws`);
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.onopen = () => socket.send("hello");
    assertEquals(await new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data)), "v2 /api/v2 hello");
    socket.close();
    await closed;
  });
});

Deno.test("mount: nobody but the front says what the prefix is", async (t) => {
  using directory = new TestDirectory();
  directory.write("root.ts", APP("root"));
  directory.write("api.ts", APP("api"));
  const evil = ["X-Forwarded-Prefix: /evil", "x-forwarded-prefix: //evil.example", "X_Forwarded_Prefix: /evil"];
  for (const trust of [[], ["--trusted-proxies", "127.0.0.1,unix"]]) {
    await t.step(`through a front ${trust.join(" ")}`, async () => {
      await using mounted = await Mounted.start(directory, ...trust, "--mount", "/api=api.ts", "root.ts");
      assertEquals(await mounted.body("/x", ...evil), "root  /x a.example  1");
      assertEquals(await mounted.body("/api/x", ...evil), "api /api /x a.example /api 1");
    });
  }
  for (const trust of [[], ["--trusted-proxies", "unix"]]) {
    await t.step(`on the worker's own socket ${trust.join(" ")}`, async () => {
      const path = directory.at("app.sock");
      const args = ["--socket", path, "--access-log", "off", ...trust, directory.at("root.ts")];
      await using running = stackd(["gateway", ...args]);
      await running.untilPrinted(/^ +pid +\d+$/m);
      using client = await RawClient.connect({ transport: "unix", path });
      await client.send(`GET /x HTTP/1.1\r\nHost: a.example\r\n${evil.join("\r\n")}\r\n\r\n`);
      const [name, prefix, target] = (await client.response()).body.split(" ");
      assertEquals([name, prefix, target], ["root", "", "/x"]);
    });
  }
});

Deno.test("mount: what no app is mounted for is 404, and one worker on a socket has a front for that", async () => {
  using directory = new TestDirectory();
  directory.write("api.ts", APP("api"));
  const path = directory.at("app.sock");
  await using running = stackd(["gateway", "--socket", path, "--mount", "/api=api.ts"], { cwd: directory.path });
  await running.untilPrinted(/^ +pid +\d+$/m);
  assertMatch(running.stdout, /^ {2}mount {4}\/api .*\/api\.ts \(default export, function\)$/m);
  assertEquals([childrenOf(running.pid, "worker").length, childrenOf(running.pid, "front").length], [1, 1]);
  using client = await RawClient.connect({ transport: "unix", path });
  const statuses: number[] = [];
  for (const target of ["/", "/apis", "/api"]) {
    await client.send(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    statuses.push((await client.response()).status);
  }
  assertEquals(statuses, [404, 404, 200]);
});

Deno.test("mount: when one app cannot start, the others' onStop runs, and nothing is left", async () => {
  using directory = new TestDirectory();
  directory.write(
    "good.ts",
    `${APP("good")}
const note = (what: string) => Deno.writeTextFileSync("notes", what, { append: true });
export const onStart = () => note("start ");
export const onStop = () => note("stop ");`,
  );
  // It fails when the other one serves already.
  directory.write(
    "bad.ts",
    `
export const onStart = async () => {
  while (!await Deno.stat("notes").catch(() => null)) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 300));
  throw new Error("no database");
};
export default () => new Response();`,
  );
  const args = ["gateway", "--http", "127.0.0.1:0", "--mount", "/bad=bad.ts", "good.ts"];
  const { code, stderr } = await runStackd(args, { cwd: directory.path, env: { TMPDIR: directory.path } });
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    `Cannot start "${Deno.realPathSync(directory.path)}/bad.ts": onStart threw Error: no database`,
  );
  assertEquals(Deno.readTextFileSync(directory.at("notes")), "start stop ");
  assertEquals([...Deno.readDirSync(directory.path)].filter(({ name }) => name.startsWith("stackd-")), []);
});

Deno.test("mount: a directory stands for the module that its package.json or deno.json names", async () => {
  using directory = new TestDirectory();
  directory.write("one/package.json", `{ "exports": { ".": { "import": "./src/app.ts" } } }`);
  directory.write("one/src/app.ts", APP("one"));
  directory.write("two/deno.jsonc", `{ /* mine */ "exports": "./serve.ts" }`);
  directory.write("two/serve.ts", `export const other = ${APP("two").replace("export default", "")}`);
  await using mounted = await Mounted.start(directory, "--mount", "/two=./two:other", "one");
  assertEquals(await mounted.body("/x"), "one  /x a.example  1");
  assertEquals(await mounted.body("/two/x"), "two /two /x a.example /two 1");
});

Deno.test("mount: a module on standard input is read once, and reloaded as it was", async () => {
  using directory = new TestDirectory();
  directory.write("input.ts", APP("input"));
  const args = [
    "gateway",
    "--http",
    "127.0.0.1:0",
    "--access-log",
    "off",
    "--mount",
    "/in=-",
    directory.write("a.ts", APP("a")),
  ];
  const env = { TMPDIR: directory.path };
  const script = `exec "$0" "$@" < ${JSON.stringify(directory.at("input.ts"))}`;
  await using running = new Running("sh", ["-c", script, Deno.env.get("STACKD_BINARY") ?? "dist/stackd", ...args], {
    env,
  });
  const [, port] = await running.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await running.untilPrinted(/^ +pid +\d+$/m);
  assertMatch(running.stdout, /^ {2}mount {4}\/in standard input, read once: a reload loads the same text \(/m);
  const get = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  assertMatch(await get("/in/x"), /^input \/in \/x /);
  directory.write("input.ts", APP("other"));
  directory.write("a.ts", APP("b"));
  running.kill("SIGHUP");
  await running.until("the other app is reloaded", async () => (await get("/")).startsWith("b "));
  assertMatch(await get("/in/x"), /^input \/in \/x /);
});

Deno.test("mount: standard input without a module in it is an error", async () => {
  const { code, stderr } = await runStackd(["gateway", "--http", "127.0.0.1:0", "-"]);
  assertEquals([code, stderr], [2, "stackd: Cannot load the handler on standard input: nothing came\n"]);
});
