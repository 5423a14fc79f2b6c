/** The gateway as a process: what it starts, survives, and leaves behind. With the compiled binary. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { brokenPath, handlerPath } from "../handler/fixtures.ts";
import { fieldOf, RawClient, type RawResponse } from "../support/raw_http.ts";
import { ROOT, Running, runStackd, stackd, startGateway, TestDirectory } from "../support/stackd.ts";
import { accepts, until } from "../support/until.ts";

const QUIET = ["--access-log", "off"];

/** A request over the gateway's socket, on a connection of its own. */
async function ask(path: string, target: string, fields = ""): Promise<RawResponse> {
  using client = await RawClient.connect({ transport: "unix", path });
  await client.send(`GET ${target} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`);
  return await client.response();
}

/** The process id of the worker, as its handler (mistakes.ts) tells it. */
async function workerPid(socket: string): Promise<number> {
  return Number((await ask(socket, "/pid")).body);
}

/** Whether a process runs; one that has ended and only waits to be collected does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** What is in a directory, but for the code cache that Deno itself keeps in TMPDIR for a compiled program. */
function leftIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => !/^deno-compile-/.test(name)).sort();
}

Deno.test("the gateway says what runs where", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock");
  const args = ["--http", "127.0.0.1:0", "--chmod-socket", "600"];
  await using gateway = await startGateway(socket, handlerPath("object.ts"), args);
  const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  assertEquals(
    gateway.stdout.replace(/^stackd \S+/, "stackd VERSION"),
    `stackd VERSION gateway
  socket   ${socket} (mode 600)
  http     http://127.0.0.1:${port}
  module   ${handlerPath("object.ts")} (default export, object with fetch)
  workers  1
  pid      ${gateway.pid}
`,
  );
  assertEquals((Deno.lstatSync(socket).mode ?? 0) & 0o777, 0o600);
});

Deno.test("the gateway serves every form of handler", async (t) => {
  const cases: [module: string, status: number, body: string][] = [
    [handlerPath("function.ts"), 200, "function GET"],
    [handlerPath("object.ts"), 200, "object GET"],
    [handlerPath("named.ts"), 200, "handler"],
    [`${handlerPath("named.ts")}:fetch`, 200, "fetch"],
    [`${handlerPath("named.ts")}:other`, 200, "other"],
    [handlerPath("application.ts"), 201, "/a b?c"],
  ];
  for (const [module, status, body] of cases) {
    await t.step(module.replace(ROOT, ""), async () => {
      using directory = new TestDirectory();
      const socket = directory.at("app.sock");
      await using _gateway = await startGateway(socket, module, QUIET);
      const answer = await ask(socket, "/a%20b?c");
      assertEquals([answer.status, answer.body], [status, body]);
    });
  }
});

Deno.test("the front tells the handler who its client is", async () => {
  await using gateway = stackd(["gateway", "--http", "127.0.0.1:0", handlerPath("echo.ts")]);
  const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await gateway.untilPrinted(/pid/);
  const headers = { "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https", "x-request-id": "forged" };
  const seen = await (await fetch(`http://127.0.0.1:${port}/a?b`, { headers })).json();
  assertEquals([seen.url, seen.copiedUrl], Array(2).fill(`http://127.0.0.1:${port}/a?b`));
  assertEquals(seen.info.remoteAddr, { transport: "tcp", hostname: "127.0.0.1" });
  assertEquals(seen.headers["x-forwarded-for"], "127.0.0.1");
  assert(seen.info.requestId !== "forged");
  assertEquals([seen.info.prefix, seen.info.workerId], ["", 1]);
  const body = "x".repeat(300_000);
  const posted = await (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body })).json();
  assertEquals([posted.method, posted.body.length], ["POST", body.length]);
});

Deno.test("a WebSocket is upgraded though its request has fields that are not to be seen", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock");
  await using _gateway = await startGateway(socket, handlerPath("echo.ts"), QUIET);
  using client = await RawClient.connect({ transport: "unix", path: socket });
  await client.send(
    "GET /websocket HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3.4\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  const head = await client.head();
  assertEquals([head.status, fieldOf(head, "sec-websocket-accept")], [101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
  await client.send(Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69)); // "hi", masked with zeros
  assertEquals(await client.through("null"), "\x81\x07hi null");
});

Deno.test("onStart runs before the first request; onStop after the last and after what it left to do", async (t) => {
  for (const listen of [[], ["--http", "127.0.0.1:0"]]) {
    await t.step(listen.join(" "), async () => {
      using directory = new TestDirectory();
      const socket = directory.at("app.sock"), log = directory.at("log");
      const env = { LIFECYCLE_LOG: log };
      await using gateway = await startGateway(socket, handlerPath("lifecycle.ts"), [...QUIET, ...listen], { env });
      await ask(socket, "/");
      assertEquals((await gateway.stop()).code, 0);
      const lines = Deno.readTextFileSync(log).trim().split("\n");
      assertEquals(lines, ["start 1 true", "started", "request", "background", "stop", "stopped"]);
    });
  }
});

Deno.test("what onStart began is ended by onStop when the front cannot listen", async () => {
  using directory = new TestDirectory();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const log = directory.at("log");
  const args = ["gateway", "--http", `127.0.0.1:${taken.addr.port}`, handlerPath("lifecycle.ts")];
  const { code } = await runStackd(args, { env: { LIFECYCLE_LOG: log } });
  assertEquals([code, Deno.readTextFileSync(log)], [1, "start 1 true\nstarted\nstop\nstopped\n"]);
});

Deno.test("a first start that fails leaves nothing and says why", async (t) => {
  const cases: [name: string, module: string, args: string[], code: number, says: RegExp][] = [
    [
      "onStart throws",
      "start_throws.ts",
      [],
      1,
      /Cannot start ".*start_throws\.ts": onStart threw Error: cannot warm up\n {4}at onStart \(.*:3:9\)/,
    ],
    ["the module ends its process", "exits.ts", [], 2, /Cannot load ".*exits\.ts": the worker exited with code 7\n/],
    [
      "the module never loads",
      "never_loads.ts",
      ["--boot-timeout", "1"],
      1,
      /Cannot load ".*never_loads\.ts": it took longer than 1 s\n/,
    ],
    ["the socket is taken", "start_throws.ts", [], 1, /Cannot listen on ".*": another process serves it\n/],
    [
      "the access log cannot be opened",
      "start_throws.ts",
      ["--access-log", "/proc/stackd.log"],
      1,
      /Cannot open access log "\/proc\/stackd\.log"/,
    ],
  ];
  for (const [name, module, args, code, says] of cases) {
    await t.step(name, async () => {
      using directory = new TestDirectory();
      const socket = directory.at("app.sock"), pidfile = directory.at("my.pid"), temporary = directory.at("tmp");
      Deno.mkdirSync(temporary);
      using _taken = name === "the socket is taken" ? Deno.listen({ transport: "unix", path: socket }) : null;
      const before = leftIn(directory.path);
      const all = ["gateway", "--socket", socket, "--pidfile", pidfile, ...args, brokenPath(module)];
      const ended = await runStackd(all, { env: { TMPDIR: temporary } });
      assertMatch(ended.stderr, says);
      assertEquals([ended.code, ended.stdout, leftIn(temporary)], [code, "", []]);
      assertEquals(leftIn(directory.path), before);
    });
  }
});

/** As in tests/handler/loader_test.ts, but in the words and with the places that only the binary has. */
Deno.test("a syntax error has its place, line and caret in the compiled binary too", async (t) => {
  const cases: [module: string, place: string, says: string, caret: number][] = [
    ["syntax.ts", "syntax.ts:2:26", 'expected "," but found ";"', 26],
    ["syntax.js", "syntax.js:2:23", "missing ) after argument list", 23],
    ["mark.ts", "mark.ts:2:60", 'expected "," but found ";"', 60],
    ["imports_syntax.ts", "broken/syntax.ts:2:26", 'expected "," but found ";"', 26],
    ["imports_syntax.js", "broken/syntax.js:2:23", "missing ) after argument list", 23],
    ["twice.ts", "twice.ts:5:42", "identifier 'shape' has already been declared", 42],
    ["twice.js", "twice.js:3:7", "identifier 'shape' has already been declared", 7],
    ["twice_enum.ts", "twice_enum.ts", "identifier 'kind' has already been declared", 0],
    ["unlinked.ts", "unlinked.ts:1:10", "does not provide an export named 'name'", 10],
    ["missing_import.ts", "missing_import.ts:3:25", 'there is no file "./nothing.ts"', 25],
    ["bare_import.ts", "bare_import.ts:1:22", '"hono"', 22],
    ["json_import.ts", "json_import.ts:1:18", 'needs with { type: "json" } behind it', 18],
  ];
  using directory = new TestDirectory();
  for (const [module, place, says, caret] of cases) {
    await t.step(module, async () => {
      const ended = await runStackd(["gateway", "--socket", directory.at("app.sock"), brokenPath(module)]);
      const [sentence = "", ...excerpt] = ended.stderr.trimEnd().split("\n");
      assert(sentence.startsWith(`stackd: Cannot load "${brokenPath(module)}": `), sentence);
      assertStringIncludes(sentence, says);
      assertMatch(sentence, new RegExp(`${place.replaceAll(".", "\\.")}(?!\\d)`));
      if (caret === 0) assertEquals(excerpt, [], "rather no place than a wrong one");
      else assertEquals([excerpt.length, excerpt[2]?.indexOf("^")], [3, 4 + caret - 1], ended.stderr);
      assertEquals([ended.code, ended.stdout], [2, ""]);
    });
  }
});

Deno.test("a handler's mistakes are answered or logged, and end nothing", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock");
  await using gateway = await startGateway(socket, handlerPath("mistakes.ts"), QUIET);
  const pid = await workerPid(socket);
  const cases: [path: string, status: number, logged: RegExp][] = [
    [
      "/throw",
      500,
      /The handler threw for GET "\/throw" \(request id \S+\): TypeError: thrown at once\n\[worker 1\] {5}at .*mistakes\.ts:\d+/,
    ],
    ["/reject", 500, /The handler threw for GET "\/reject" .*: TypeError: thrown later\n/],
    ["/nothing", 500, /The handler returned undefined instead of a Response for GET "\/nothing"/],
    ["/text", 500, /The handler returned "no response" instead of a Response for GET "\/text"/],
    ["/used", 500, /The handler returned a Response whose body was read before for GET "\/used"/],
    ["/float", 200, /A promise of the handler was rejected, and nothing handled it: Error: nobody waits for it\n/],
    ["/timer", 200, /The handler threw outside of a request: Error: thrown by a timer\n/],
  ];
  for (const [path, status, logged] of cases) {
    assertEquals((await ask(socket, path)).status, status, path);
    await gateway.until(`${path} is logged`, () => logged.test(gateway.stderr));
  }
  assertEquals((await ask(socket, "/signal")).body, "false");
  assertEquals(await workerPid(socket), pid);
  const { stderr } = await gateway.stop();
  assert(!stderr.includes("request.signal"), "Deno's advice to set a flag is no help here");
});

Deno.test("a worker that dies is replaced, and the path works again", async (t) => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock"), temporary = directory.at("tmp");
  Deno.mkdirSync(temporary);
  const env = { TMPDIR: temporary };
  await using gateway = await startGateway(socket, handlerPath("mistakes.ts"), [...QUIET, "--http", "127.0.0.1:0"], {
    env,
  });
  const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  let pid = await workerPid(socket);
  const replaced = async (how: RegExp) => {
    const [said] = await gateway.until("the log says so", () => how.exec(gateway.stderr));
    const after = () => gateway.stderr.slice(gateway.stderr.indexOf(said));
    const [, next] = await gateway.until("another one serves", () => /serves again \(pid (\d+)\)/.exec(after()));
    assertEquals(await workerPid(socket), Number(next));
    assertEquals(await (await fetch(`http://127.0.0.1:${port}/pid`)).text(), next, "over the front too");
    assert(!isRunning(pid));
    pid = Number(next);
  };
  await t.step("killed", async () => {
    Deno.kill(pid, "SIGKILL");
    await replaced(new RegExp(`Worker 1 \\(pid ${pid}\\) was killed by SIGKILL; another one is started\n`));
  });
  await t.step("ended by its handler", async () => {
    await ask(socket, "/exit").catch(() => {});
    await replaced(new RegExp(`Worker 1 \\(pid ${pid}\\) exited with code 3; another one is started in 0\\.5 s\n`));
  });
  assertEquals((await gateway.stop()).code, 0);
  assertEquals([leftIn(directory.path), leftIn(temporary)], [["tmp"], []]);
});

Deno.test("TERM lets a request in flight end, refuses new clients, and removes what it made", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock"), pidfile = directory.at("my.pid"), temporary = directory.at("tmp");
  Deno.mkdirSync(temporary);
  const args = [...QUIET, "--pidfile", pidfile];
  await using gateway = await startGateway(socket, handlerPath("echo.ts"), args, { env: { TMPDIR: temporary } });
  assertEquals(Deno.readTextFileSync(pidfile), `${gateway.pid}\n`);
  using slow = await RawClient.connect({ transport: "unix", path: socket });
  await slow.send("GET /slow?ms=800 HTTP/1.1\r\nHost: x\r\n\r\n");
  using idle = await RawClient.connect({ transport: "unix", path: socket });
  await idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await idle.response();
  gateway.kill("SIGTERM");
  await until("new clients are refused", async () => !await accepts({ transport: "unix", path: socket }));
  assertEquals((await slow.response()).status, 200);
  await idle.end();
  const { code, stderr } = await gateway.ended;
  assertEquals(code, 0, stderr);
  assertEquals([leftIn(directory.path), leftIn(temporary)], [["tmp"], []]);
});

Deno.test("a request that takes longer than --graceful-timeout is cut off, and onStop still runs", async () => {
  using directory = new TestDirectory();
  const module = directory.write(
    "app.ts",
    `export default () => new Promise(() => {});\nexport const onStop = () => console.log("stopped well");\n`,
  );
  const socket = directory.at("app.sock");
  await using gateway = await startGateway(socket, module, [...QUIET, "--graceful-timeout", "0.5"]);
  using client = await RawClient.connect({ transport: "unix", path: socket });
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const { code, stdout, stderr } = await gateway.stop();
  assertEquals(code, 0);
  assertStringIncludes(stdout, "stopped well");
  assertStringIncludes(stderr, "Requests were not answered within 0.");
  assertEquals((await client.end()).rest, "");
});

Deno.test("INT, QUIT and a second TERM end at once, a stuck worker too", async (t) => {
  for (const signals of [["SIGINT"], ["SIGQUIT"], ["SIGTERM", "SIGTERM"]] as const) {
    await t.step(signals.join(" "), async () => {
      using directory = new TestDirectory();
      const socket = directory.at("app.sock");
      await using gateway = await startGateway(socket, handlerPath("mistakes.ts"), QUIET);
      const pid = await workerPid(socket);
      using client = await RawClient.connect({ transport: "unix", path: socket });
      await getStuck(client, pid);
      const begun = performance.now();
      for (const [index, signal] of signals.entries()) {
        gateway.kill(signal);
        if (index === 0 && signals.length > 1) await gateway.until("it stops", () => /Stopping/.test(gateway.stderr));
      }
      assertEquals((await gateway.ended).code, 0);
      assert(performance.now() - begun < 5_000);
      assert(!isRunning(pid));
      assertEquals(leftIn(directory.path), []);
    });
  }
});

Deno.test("INT lets workers run onStop, and another signal does not wait for its end", async () => {
  using directory = new TestDirectory();
  const source =
    'export const onStop = () => (console.log("stops"), new Promise(() => {}));\nexport default () => new Response();';
  const module = directory.write("app.ts", source);
  await using gateway = await startGateway(directory.at("app.sock"), module, [...QUIET, "--front"]);
  gateway.kill("SIGINT");
  await gateway.untilPrinted(/\[worker 1\] stops/);
  const { code, stderr } = await gateway.stop("SIGTERM");
  assertEquals([code, stderr], [0, ""], "it is not told that onStop took too long");
});

Deno.test("a signal to the whole group, as a terminal or systemd sends it, is the supervisor's to understand", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock");
  await using gateway = await startGateway(socket, handlerPath("mistakes.ts"), QUIET);
  const pid = await workerPid(socket);
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"] as const) Deno.kill(pid, signal);
  for (const signal of ["SIGHUP", "SIGUSR1"] as const) gateway.kill(signal);
  assertEquals(await workerPid(socket), pid);
  assertEquals((await gateway.stop("SIGINT")).code, 0);
});

Deno.test("TERM while the worker starts ends the gateway with nothing left", async () => {
  using directory = new TestDirectory();
  const temporary = directory.at("tmp");
  Deno.mkdirSync(temporary);
  const args = [
    "gateway",
    "--socket",
    directory.at("app.sock"),
    "--pidfile",
    directory.at("my.pid"),
    brokenPath("never_loads.ts"),
  ];
  await using gateway = stackd(args, { env: { TMPDIR: temporary } });
  await gateway.until(
    "it waits for its worker",
    () => leftIn(directory.path).includes("my.pid") && leftIn(temporary).length > 0,
  );
  const { code, stdout } = await gateway.stop();
  assertEquals([code, stdout], [0, ""]);
  assertEquals([leftIn(directory.path), leftIn(temporary)], [["tmp"], []]);
});

Deno.test("a worker ends with its supervisor, even when it is stuck", async (t) => {
  for (const stuck of [false, true]) {
    await t.step(stuck ? "stuck" : "idle", async () => {
      using directory = new TestDirectory();
      const socket = directory.at("app.sock"), temporary = directory.at("tmp");
      Deno.mkdirSync(temporary);
      const env = { TMPDIR: temporary };
      await using gateway = await startGateway(socket, handlerPath("mistakes.ts"), QUIET, { env });
      const pid = await workerPid(socket);
      using client = await RawClient.connect({ transport: "unix", path: socket });
      if (stuck) await getStuck(client, pid);
      await gateway.stop("SIGKILL");
      await until("the worker is gone", () => !isRunning(pid), 5_000);
    });
  }
});

/** Makes the worker of mistakes.ts loop for ever. */
async function getStuck(client: RawClient, pid: number): Promise<void> {
  const before = cpuTime(pid);
  await client.send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n");
  await until("it is busy", () => cpuTime(pid) > before + 10);
}

/** The processor time of a process, in ticks of 10 ms. */
function cpuTime(pid: number): number {
  const [, user, system] = /^\d+ \(.*\) (?:\S+ ){11}(\d+) (\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/stat`)) ?? [];
  return Number(user) + Number(system);
}

Deno.test("a socket that another gateway took over is left to it", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock");
  await using gateway = await startGateway(socket, handlerPath("object.ts"), QUIET);
  Deno.removeSync(socket);
  using _other = Deno.listen({ transport: "unix", path: socket });
  assertEquals((await gateway.stop()).code, 0);
  assert(Deno.lstatSync(socket).isSocket);
});

Deno.test("a pid file that names a running gateway keeps a second one from starting", async () => {
  using directory = new TestDirectory();
  const pidfile = directory.at("my.pid");
  const args = [...QUIET, "--pidfile", pidfile];
  using temporary = new TestDirectory(); // for what is left behind by who is killed
  const env = { TMPDIR: temporary.path };
  await using gateway = await startGateway(directory.at("a.sock"), handlerPath("object.ts"), args, { env });
  const second = await runStackd(["gateway", "--socket", directory.at("b.sock"), ...args, handlerPath("object.ts")]);
  assertEquals(second.code, 1);
  assertMatch(
    second.stderr,
    new RegExp(`^stackd: Cannot write pid file ".*": it names the running process ${gateway.pid} \\(\\S+\\)\n$`),
  );
  assertEquals(leftIn(directory.path), ["a.sock", "my.pid"]);
  await gateway.stop("SIGKILL");
  await using third = await startGateway(directory.at("a.sock"), handlerPath("object.ts"), args);
  assertEquals(Deno.readTextFileSync(pidfile), `${third.pid}\n`);
});

Deno.test("the gateway runs from source as it does compiled", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock");
  const args = [
    "run",
    "-A",
    "--quiet",
    "--no-check",
    `${ROOT}cli.ts`,
    "gateway",
    "--socket",
    "app.sock",
    handlerPath("object.ts"),
  ];
  await using gateway = new Running(Deno.execPath(), args, { cwd: directory.path });
  await gateway.untilPrinted(/^ +pid +\d+$/m);
  assertEquals((await ask(socket, "/")).body, "object GET");
  const { code, stderr } = await gateway.stop();
  assertEquals(code, 0, stderr);
  assertEquals(leftIn(directory.path), []);
});

Deno.test("a worker does not run by itself", async () => {
  const { code, stderr } = await runStackd(["worker"]);
  assertEquals([code, stderr.split("\n")[0]], [2, "stackd: Cannot run a worker: only a gateway starts one"]);
});
