/** The control socket. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import { libc } from "../../lib/http1/libc.ts";
import { askControl, type ControlHandlers, type ControlRequest, startControl } from "../../lib/process/control.ts";
import { type Status, toUwsgiStats } from "../../lib/process/status.ts";
import { asNobody } from "../support/as_nobody.ts";
import { RawClient } from "../support/raw_http.ts";
import { TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

libc(); // stays open; opened within a test, it would count as a leak

const STATUS: Status = {
  version: "1.2.3",
  state: "draining",
  pid: 4_242,
  uid: 0,
  gid: 0,
  cwd: "/",
  uptime: 1_000,
  generation: 1,
  listen: [],
  inFlight: 0,
  listenQueue: 0,
  fronts: [],
  workers: [],
};

/** A control socket whose calls are noted, in a directory of its own. */
async function control(handlers: Partial<ControlHandlers> = {}, timeout?: number) {
  const directory = new TestDirectory();
  const path = directory.at("control");
  const calls: string[] = [];
  const server = await startControl(path, {
    status: () => STATUS,
    reload: () => Promise.resolve(void calls.push("reload")),
    stop: () => void calls.push("stop"),
    upgrade: () => Promise.resolve(4_711),
    retire: () => void calls.push("retire"),
    ...handlers,
  }, timeout);
  return {
    path,
    calls,
    directory,
    server,
    connect: () => RawClient.connect({ transport: "unix", path }),
    [Symbol.dispose]() {
      server.close();
      directory[Symbol.dispose]();
    },
  };
}

const FAILED = (message: string, detail: string | null = null) => ({ ok: false, message, detail });

Deno.test("askControl() gets what the handlers say", async () => {
  let workers = 2;
  const apps: (string | null)[] = [];
  using there = await control({
    changeWorkers(by, app) {
      apps.push(app);
      return workers += by;
    },
  });
  assertEquals(await askControl(there.path, { command: "status" }), {
    ok: true,
    status: JSON.parse(JSON.stringify(toUwsgiStats(STATUS))),
  });
  assertEquals(await askControl(there.path, { command: "reload" }), { ok: true });
  assertEquals(await askControl(there.path, { command: "workers", change: 1 }), { ok: true, workers: 3 });
  assertEquals(await askControl(there.path, { command: "workers", change: -1 }), { ok: true, workers: 2 });
  assertEquals(apps, [null, null]);
  await askControl(there.path, { command: "workers", change: 1, app: "/api" });
  assertEquals(apps.at(-1), "/api");
  assertEquals(there.calls, ["reload"]);
  assertEquals(await askControl(there.path, { command: "stop" }), { ok: true });
  await until("it stops", () => there.calls.includes("stop"));
});

Deno.test("the answer to a stop arrives although the stop closes the socket", async () => {
  for (let i = 0; i < 20; i++) {
    const closing: { close?: () => void } = {};
    using there = await control({ stop: () => closing.close?.() });
    closing.close = there.server.close;
    assertEquals(await askControl(there.path, { command: "stop" }), { ok: true });
    await until("its file is gone", () => [...Deno.readDirSync(there.directory.path)].length === 0);
  }
});

Deno.test("a stop counts although who asked for it has left", async () => {
  using there = await control();
  using client = await there.connect();
  await client.send('{"command":"stop"}\n');
  client.close();
  await until("it stops", () => there.calls.includes("stop"));
});

Deno.test("a failure is an answer, with its detail", async () => {
  const failure = new StackdError("STACKD_HANDLER_LOAD", 'Cannot load "/app.ts": it throws', { detail: "app.ts:3:7" });
  using there = await control({ reload: () => Promise.reject(failure) });
  const message = 'Cannot load "/app.ts": it throws';
  assertEquals(await askControl(there.path, { command: "reload" }), FAILED(message, "app.ts:3:7"));
  assertEquals(
    await askControl(there.path, { command: "workers", change: 1 }),
    FAILED("Cannot change the workers: their number is fixed here"),
  );
  using broken = await control({
    status() {
      throw new Error("this message is part of a test");
    },
  });
  assertEquals(
    await askControl(broken.path, { command: "status" }),
    FAILED("Cannot do that: this message is part of a test"),
  );
});

Deno.test("requests are answered in order, others meanwhile, and the last one without a newline", async () => {
  const reload = Promise.withResolvers<void>();
  using there = await control({ reload: () => reload.promise });
  using slow = await there.connect();
  await slow.sendPieces('{"command":"reload"}\n{"command":"workers","change":1}', [3, 21, 30]);
  await slow.halfClose();
  assertEquals((await askControl(there.path, { command: "status" })).ok, true);
  assertEquals(slow.received, "");
  reload.resolve();
  const answers = (await slow.end()).rest.trimEnd().split("\n").map((line) => JSON.parse(line).ok);
  assertEquals(answers, [true, false]);
});

Deno.test("what is no request is refused, and costs nobody else", async (t) => {
  using there = await control({ changeWorkers: () => 1 });
  const unknown = "Cannot take a request: its command is none of status, reload, upgrade, stop, workers";
  const change = "Cannot change the workers: the change is 1 or -1";
  const nonsense = "Cannot take a request: no JSON object", long = "Cannot take a request: longer than 4096 characters";
  const cases: [sent: string, message: string, open: boolean][] = [
    ["{}", unknown, true],
    ["[]", unknown, true],
    ['{"command":"toString"}', unknown, true],
    ['{"command":["stop"]}', unknown, true],
    ['{"__proto__":{"command":1}}', unknown, true],
    ['{"command":"workers"}', change, true],
    ['{"command":"workers","change":"1"}', change, true],
    ['{"command":"workers","change":100}', change, true],
    ['{"command":"workers","change":1,"app":1}', "Cannot change the workers: the app is no prefix", true],
    ["", nonsense, false],
    ["null", nonsense, false],
    ['"stop"', nonsense, false],
    ["stop", nonsense, false],
    ["\xff\0", nonsense, false],
    ["[".repeat(4_000), nonsense, false],
    ["GET / HTTP/1.1\r\nHost: a\r\n\r", nonsense, false],
    ["x".repeat(4_097), long, false],
    ["x".repeat(2_000_000), long, false],
  ];
  for (const [sent, message, open] of cases) {
    await t.step(JSON.stringify(sent.slice(0, 40)), async () => {
      using client = await there.connect();
      await client.send(`${sent}\n`);
      assertEquals(JSON.parse(await client.through("\n")), FAILED(message));
      if (open) {
        await client.send('{"command":"status"}\n');
        assertEquals(JSON.parse(await client.through("\n")).ok, true);
      } else assertEquals((await client.end()).rest, "");
    });
  }
  assertEquals(there.calls, []);
});

Deno.test("a client that is silent, drips, or does not read is dropped; one that waits for a reload is not", async () => {
  const reload = Promise.withResolvers<void>();
  using there = await control({ reload: () => reload.promise }, 150);
  using waiting = await there.connect();
  await waiting.send('{"command":"reload"}\n');
  using silent = await there.connect();
  assertEquals((await silent.end()).rest, "");
  using dripping = await there.connect();
  const begun = performance.now();
  const drip = setInterval(() => dripping.send(" ").catch(() => {}), 20);
  await dripping.end();
  clearInterval(drip);
  assert(performance.now() - begun < 5_000);
  reload.resolve();
  assertEquals(await waiting.through("\n"), '{"ok":true}\n');
});

Deno.test("a client that reads no answers keeps its place until it leaves, and nobody else's", async () => {
  using there = await control({}, 100);
  const deaf = await there.connect();
  const flood = deaf.send('{"command":"status"}\n'.repeat(20_000)).catch(() => {});
  for (let i = 0; i < 5; i++) {
    assertEquals((await askControl(there.path, { command: "status" })).ok, true);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await deaf.end(); // reads what there is, to the end: it was dropped
  await flood;
  deaf.close();
});

Deno.test("there is room for 32 clients; more wait until one leaves", async () => {
  using there = await control();
  const held = await Promise.all(Array.from({ length: 32 }, there.connect));
  for (const client of held) {
    await client.send("{}\n");
    await client.through("\n");
  }
  let answered = 0;
  const asked = Array.from({ length: 100 }, async () => {
    const { ok } = await askControl(there.path, { command: "status" });
    if (ok) answered++;
  });
  using last = await there.connect();
  held[0]?.close();
  await last.send("{}\n");
  await last.through("\n");
  await Promise.all(asked);
  assertEquals(answered, 100);
  for (const client of held) client.close();
});

Deno.test("the socket is its owner's alone, and is taken away with every client", async () => {
  using there = await control();
  assertEquals((Deno.lstatSync(there.path).mode ?? 0) & 0o777, 0o600);
  const taken = await assertRejects(() =>
    startControl(there.path, {
      status: () => STATUS,
      reload,
      upgrade: () => Promise.resolve(1),
      retire() {},
      stop() {},
    })
  );
  assert(taken instanceof StackdError);
  assertEquals(taken.code, "STACKD_ADDRESS_IN_USE");
  using client = await there.connect();
  await client.send("{}\n");
  await client.through("\n");
  there.server.close();
  await client.end();
  assertEquals([...Deno.readDirSync(there.directory.path)], []);
});

const reload = () => Promise.resolve();

Deno.test("askControl() says why nobody answers", async (t) => {
  using directory = new TestDirectory();
  const file = directory.write("file", "");
  const stale = directory.at("stale");
  const bound = Deno.listen({ transport: "unix", path: directory.at("bound") });
  Deno.renameSync(directory.at("bound"), stale);
  bound.close();
  const cases: [path: string, state: string][] = [
    [directory.at("nothing"), "no stackd is running there"],
    [`${file}/control`, "no stackd is running there"],
    [file, "it is no socket"],
    [directory.path, "it is no socket"],
    [stale, "no stackd is running there, it left its socket behind"],
    [`/${"x".repeat(200)}`, "path must be shorter than SUN_LEN"],
  ];
  for (const [path, state] of cases) {
    await t.step(state, async () => {
      const error = await assertRejects(() => askControl(path, { command: "reload" }), StackdError);
      assertEquals([error.message, error.exitCode], [`Cannot ask stackd at "${path}" to reload: ${state}`, 1]);
    });
  }
  await t.step("permission denied", async () => {
    using there = await control();
    Deno.chmodSync(there.directory.path, 0o755);
    if (Deno.uid() !== 0) Deno.chmodSync(there.path, 0);
    const error = await assertRejects(() => asNobody(() => askControl(there.path, { command: "stop" })), StackdError);
    const state = "permission denied, only the user that runs it may";
    assertEquals(error.message, `Cannot ask stackd at "${there.path}" to stop: ${state}`);
  });
});

Deno.test("askControl() is not taken in by what is no stackd", async (t) => {
  const cases: [name: string, says: string | null, state: string][] = [
    ["it closes", "", "it ended before it answered"],
    ["it is silent", null, "it does not answer"],
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "who answers there is no stackd"],
    ["no answer", '{"okay":true}\n', "who answers there is no stackd"],
    ["a failure without words", '{"ok":false}\n', "who answers there is no stackd"],
    ["null", "null\n", "who answers there is no stackd"],
    ["an endless line", "x".repeat(5_000_000), "who answers there is no stackd"],
  ];
  const request: ControlRequest = { command: "status" };
  for (const [name, says, state] of cases) {
    await t.step(name, async () => {
      using directory = new TestDirectory();
      using listener = Deno.listen({ transport: "unix", path: directory.at("other") });
      const asked = assertRejects(() => askControl(directory.at("other"), request, 500), StackdError, state);
      const conn = await listener.accept();
      await conn.read(new Uint8Array(100));
      const bytes = new TextEncoder().encode(says ?? "");
      try {
        for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
      } catch { /* it had enough */ }
      if (says !== null) conn.close();
      await within("it gives up", asked);
      if (says === null) conn.close();
    });
  }
});

Deno.test("an upgrade is answered with who serves now, before this process ends; one that fails ends nothing", async () => {
  let fails = true;
  using there = await control({
    upgrade() {
      if (!fails) return Promise.resolve(4_711);
      return Promise.reject(new StackdError("STACKD_UPGRADE", 'Cannot upgrade: "/x" is no stackd', { exitCode: 1 }));
    },
  });
  const failed = await askControl(there.path, { command: "upgrade" });
  assertEquals(failed, FAILED('Cannot upgrade: "/x" is no stackd'));
  assertEquals(there.calls, []);
  fails = false;
  assertEquals(await askControl(there.path, { command: "upgrade" }), { ok: true, pid: 4_711 });
  await until("it ends", () => there.calls.includes("retire"));
});
