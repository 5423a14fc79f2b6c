/** What a running stackd says of itself, and the server that says it. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { StackdError } from "../../lib/errors.ts";
import { libc } from "../../lib/http1/libc.ts";
import type { ClientServer } from "../../lib/process/client_server.ts";
import { type Status, toUwsgiStats } from "../../lib/process/status.ts";
import { startStatusServer } from "../../lib/process/status_server.ts";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { TestDirectory } from "../support/stackd.ts";
import { accepts } from "../support/until.ts";

libc(); // stays open; opened within a test, it would count as a leak

const STATUS: Status = {
  version: "1.2.3",
  state: "ready",
  pid: 4_242,
  uid: 33,
  gid: null,
  cwd: "/srv/한글",
  uptime: 61_999,
  generation: 3,
  listen: [{ transport: "unix", path: "/run/app.sock" }, { transport: "tcp", hostname: "::1", port: 8_080 }],
  inFlight: 2,
  listenQueue: 3,
  fronts: [{ pid: 99, state: "ready", connections: 30, inFlight: 7, queued: 5 }],
  workers: [
    {
      app: "/",
      id: 1,
      pid: 77,
      state: "ready",
      silent: false,
      generation: 3,
      inFlight: 2,
      requests: 1_000,
      exceptions: 4,
      timeouts: 1,
      rss: 50_000_000,
      vsz: 900_000_000,
      runningTime: 1_234.5678,
      averageTime: 1.2344,
      spawnedAt: 1_700_000_000_999,
      respawns: 2,
      sent: 123_456,
    },
    {
      app: "/api",
      id: 1,
      pid: null,
      state: "stopped",
      silent: false,
      generation: 3,
      inFlight: 0,
      requests: 0,
      exceptions: 0,
      timeouts: 0,
      rss: 0,
      vsz: 0,
      runningTime: 0,
      averageTime: 0,
      spawnedAt: 0,
      respawns: 0,
      sent: 0,
    },
  ],
};
const TCP: ListenAddress = { transport: "tcp", hostname: "127.0.0.1", port: 0 };
const EXPECTED = `${JSON.stringify(toUwsgiStats(STATUS), null, 2)}\n`;

/** A status server on loopback, closed at the end. */
async function serve(address: ListenAddress = TCP, status = () => STATUS): Promise<ClientServer & Disposable> {
  const server = await startStatusServer(address, status);
  return { ...server, [Symbol.dispose]: server.close };
}

/** What comes for `sent`, until the server closes. */
async function answer(server: ClientServer, sent: string): Promise<string> {
  using client = await RawClient.connect(server.address);
  await client.send(sent);
  const { rest, how } = await client.end();
  assertEquals(how, "eof");
  return utf8(rest);
}

const utf8 = (text: string) => new TextDecoder().decode(Uint8Array.from(text, (character) => character.charCodeAt(0)));

Deno.test("toUwsgiStats() has uWSGI's names and units, and our own", () => {
  const stats = toUwsgiStats(STATUS);
  assertEquals(stats, {
    version: "1.2.3",
    listen_queue: 3,
    listen_queue_errors: 0,
    signal_queue: 0,
    load: 8,
    pid: 4_242,
    uid: 33,
    gid: 0,
    cwd: "/srv/한글",
    state: "ready",
    uptime: 61,
    generation: 3,
    listen: ["unix:/run/app.sock", "[::1]:8080"],
    in_flight: 2,
    queued: 5,
    fronts: [{ pid: 99, state: "ready", connections: 30, in_flight: 7, queued: 5 }],
    workers: [
      {
        id: 1,
        pid: 77,
        accepting: 1,
        requests: 1_000,
        exceptions: 4,
        harakiri_count: 1,
        signals: 0,
        signal_queue: 0,
        status: "busy",
        rss: 50_000_000,
        vsz: 900_000_000,
        running_time: 1_234_568,
        last_spawn: 1_700_000_000,
        respawn_count: 2,
        tx: 123_456,
        avg_rt: 1_234,
        apps: [
          { id: 0, modifier1: 0, mountpoint: "", startup_time: 0, requests: 1_000, exceptions: 4, chdir: "" },
        ],
        cores: [],
        state: "ready",
        app: "/",
        worker_id: 1,
        generation: 3,
        in_flight: 2,
      },
      {
        id: 2,
        pid: 0,
        accepting: 0,
        requests: 0,
        exceptions: 0,
        harakiri_count: 0,
        signals: 0,
        signal_queue: 0,
        status: "cheap",
        rss: 0,
        vsz: 0,
        running_time: 0,
        last_spawn: 0,
        respawn_count: 0,
        tx: 0,
        avg_rt: 0,
        apps: [
          { id: 0, modifier1: 0, mountpoint: "/api", startup_time: 0, requests: 0, exceptions: 0, chdir: "" },
        ],
        cores: [],
        state: "stopped",
        app: "/api",
        worker_id: 1,
        generation: 3,
        in_flight: 0,
      },
    ],
  });
});

Deno.test("a worker's status is one of uWSGI's words", () => {
  const [worker] = STATUS.workers;
  assert(worker !== undefined);
  const cases: [change: Partial<typeof worker>, status: string, accepting: number][] = [
    [{ inFlight: 0 }, "idle", 1],
    [{ inFlight: 1 }, "busy", 1],
    [{ silent: true }, "busy", 0],
    [{ state: "starting", inFlight: 0 }, "idle", 0],
    [{ state: "draining", inFlight: 3 }, "busy", 0],
    [{ state: "draining", inFlight: 0 }, "idle", 0],
    [{ state: "stopped", pid: null, inFlight: 0 }, "cheap", 0],
  ];
  for (const [change, status, accepting] of cases) {
    const [stats] = toUwsgiStats({ ...STATUS, workers: [{ ...worker, ...change }] }).workers;
    assertEquals([stats?.status, stats?.accepting], [status, accepting]);
  }
});

Deno.test("a status server gives the JSON alone to who sends nothing, or no HTTP", async (t) => {
  using server = await serve();
  for (const sent of ["", "\n", "status\n", "\xff\0\xfe", "x".repeat(100_000), "{}", "get / HTTP/1.1\r\n\r\n"]) {
    await t.step(JSON.stringify(sent.slice(0, 20)), async () => assertEquals(await answer(server, sent), EXPECTED));
  }
  using closed = await RawClient.connect(server.address);
  await closed.halfClose();
  assertEquals(utf8((await closed.end()).rest), EXPECTED);
});

Deno.test("a status server answers HTTP in HTTP", async (t) => {
  using server = await serve();
  const { address } = server;
  assert(address.transport === "tcp" && address.port > 0);
  const response = await fetch(`http://127.0.0.1:${address.port}/any/path?x`);
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(response.headers.get("access-control-allow-origin"), null);
  assertEquals(await response.text(), EXPECTED);
  await t.step("a head in pieces", async () => {
    using client = await RawClient.connect(address);
    const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    await client.sendPieces(request, [...request].map((_, i) => i).slice(1));
    assertEquals(utf8((await client.response()).body), EXPECTED);
  });
  await t.step("HEAD", async () => {
    using client = await RawClient.connect(address);
    await client.send("HEAD / HTTP/1.0\r\n\r\n");
    const head = await client.response({ toHead: true });
    assertEquals([head.status, fieldOf(head, "content-length")], [200, `${new TextEncoder().encode(EXPECTED).length}`]);
    assertEquals((await client.end()).rest, "");
  });
  await t.step("POST with a body that nobody reads", async () => {
    using client = await RawClient.connect(address);
    await client.send(`POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n${"x".repeat(200_000)}`);
    const { status, fields } = await client.response();
    assertEquals([status, fieldOf({ fields }, "allow")], [405, "GET, HEAD"]);
  });
  await t.step("an endless head", async () => {
    assertMatch(await answer(server, `GET / HTTP/1.1\r\nA: ${"x".repeat(300_000)}`), /^HTTP\/1\.1 200 OK\r\n/);
  });
  await t.step("several at once", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => answer(server, "GET / HTTP/1.1\r\n\r\n")));
    assertEquals(new Set(answers).size, 1);
  });
});

Deno.test("a status server survives a status that cannot be told", async () => {
  using server = await serve(TCP, () => {
    throw new Error("this message is part of a test");
  });
  assertEquals(await answer(server, ""), "");
  assertMatch(await answer(server, "GET / HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 500 /);
});

Deno.test("a status server on a unix socket has mode 660, and takes its file with it", async () => {
  using directory = new TestDirectory();
  const address: ListenAddress = { transport: "unix", path: directory.at("status") };
  const server = await serve(address);
  assertEquals((Deno.lstatSync(address.path).mode ?? 0) & 0o777, 0o660);
  assertEquals(await answer(server, ""), EXPECTED);
  const error = await assertRejects(() => startStatusServer(address, () => STATUS), StackdError);
  assertEquals(error.message, `Cannot listen on "${address.path}": another process serves it`);
  using silent = await RawClient.connect(address);
  server.close();
  server.close();
  assertEquals((await silent.end()).rest, "");
  assertEquals([...Deno.readDirSync(directory.path)], []);
});

Deno.test("a status server refuses a port in use, and listens on every address without a host", async () => {
  using server = await serve({ transport: "tcp", hostname: "", port: 0 });
  assert(server.address.transport === "tcp");
  const { port } = server.address;
  assert(await accepts({ hostname: "127.0.0.1", port }));
  const error = await assertRejects(() => startStatusServer({ transport: "tcp", hostname: "", port }, () => STATUS));
  assert(error instanceof StackdError);
  assertEquals([error.code, error.message], [
    "STACKD_ADDRESS_IN_USE",
    `Cannot listen on ":${port}": the address is in use`,
  ]);
});

Deno.test("a status server keeps to its number of clients, and more wait until one leaves", async () => {
  using server = await serve();
  const held = await Promise.all(Array.from({ length: 64 }, () => RawClient.connect(server.address)));
  await held[0]?.through("}\n"); // all of them are served by now, and none has closed
  const asked = Promise.all(Array.from({ length: 10 }, () => answer(server, "")));
  held[1]?.close();
  assertEquals([...new Set(await asked)], [EXPECTED]);
  for (const client of held) client.close();
});
