/** The pool of one upstream's connections, with a real upstream behind it. */
import "../support/test_front.ts"; // opens libc before a test is looked at
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import { latin1 } from "../../lib/http1/bytes.ts";
import { Deadlines } from "../../lib/http1/deadlines.ts";
import type { UpstreamConnection } from "../../lib/upstream/connection.ts";
import { UpstreamError } from "../../lib/upstream/error.ts";
import { UpstreamPool } from "../../lib/upstream/pool.ts";
import { answering, reply, TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

const REQUEST = latin1("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
const TIMEOUT = 5_000;

function poolOf({ target }: Pick<TestUpstream, "target">, maxIdle = 2): UpstreamPool {
  return new UpstreamPool(target, { ...DEFAULTS.upstream, maxIdle }, new Deadlines());
}

/** One request and its response, up to the response's end. */
async function exchange(connection: UpstreamConnection): Promise<number> {
  await connection.write(REQUEST, 0, REQUEST.length, TIMEOUT);
  while (!connection.scanHead()) connection.received(await connection.read(TIMEOUT));
  connection.beginBody(connection.head.framing(false));
  const out = new Uint8Array(100);
  let length = connection.takeBuffered(out, 0);
  while (!connection.complete) length += await connection.readBody(out, length, out.length, TIMEOUT);
  return connection.head.status;
}

Deno.test("reuse() gives back what was released, the youngest first", async () => {
  await using upstream = new TestUpstream();
  const pool = poolOf(upstream);
  assertEquals(pool.reuse(), null);
  const first = await pool.connect(), second = await pool.connect();
  assertEquals(await exchange(first), 200);
  assertEquals(await exchange(second), 200);
  pool.release(first);
  pool.release(second);
  assert(pool.reuse() === second);
  assertEquals(await exchange(second), 200);
  assert(pool.reuse() === first);
  assertEquals(pool.reuse(), null);
  assertEquals(await exchange(first), 200);
  assertEquals(upstream.connections, 2);
  first.close();
  second.close();
  pool.close();
});

Deno.test("reuse() gives out none that was closed while it was idle", async () => {
  await using upstream = new TestUpstream();
  const pool = poolOf(upstream);
  const first = await pool.connect(), second = await pool.connect();
  for (const connection of [first, second]) {
    await exchange(connection);
    pool.release(connection);
  }
  second.close();
  assert(pool.reuse() === first);
  assertEquals(pool.reuse(), null);
  first.close();
  pool.close();
});

Deno.test("release() closes what is more than the pool may keep", async () => {
  await using upstream = new TestUpstream();
  const pool = poolOf(upstream, 1);
  const connections = [await pool.connect(), await pool.connect()];
  for (const connection of connections) await exchange(connection);
  for (const connection of connections) pool.release(connection);
  assertEquals(connections.map(({ closed }) => closed), [false, true]);
  pool.close();
});

Deno.test("release() closes what cannot take another request", async (t) => {
  const cases = [
    ["said to close", reply("ok", "200 OK", "Connection: close\r\n")],
    ["HTTP/1.0", reply("ok").replace("1.1", "1.0")],
    ["bytes behind the response", `${reply("ok")}x`],
    ["chunks and bytes behind them", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx"],
  ];
  for (const [name, bytes] of cases) {
    await t.step(name, async () => {
      await using upstream = new TestUpstream(answering(bytes));
      const pool = poolOf(upstream);
      const connection = await pool.connect();
      await exchange(connection);
      pool.release(connection);
      assert(connection.closed);
      assertEquals(pool.reuse(), null);
      pool.close();
    });
  }
});

Deno.test("an idle connection on which anything happens leaves the pool", async (t) => {
  for (const what of ["its end", "bytes that nobody asked for"]) {
    await t.step(what, async () => {
      const gate = Promise.withResolvers<void>();
      await using upstream = new TestUpstream(async (_, peer) => {
        await peer.write(reply("ok"));
        await gate.promise;
        await (what === "its end" ? peer.closeWrite() : peer.write("HTTP/1.1 200 Evil\r\n\r\n"));
      });
      const pool = poolOf(upstream);
      const connection = await pool.connect();
      await exchange(connection);
      pool.release(connection);
      gate.resolve();
      await until("it is closed", () => connection.closed);
      assertEquals(pool.reuse(), null);
      pool.close();
    });
  }
});

Deno.test("connect() says why it cannot", async () => {
  const pool = poolOf({ target: { transport: "unix", path: "/nonexistent/upstream.sock" } });
  const error = await assertRejects(() => pool.connect(), UpstreamError, "cannot be connected to: no such socket");
  assertEquals(error.kind, "closed");
});

Deno.test("close() closes idle connections at once, and others when they come back", async () => {
  await using upstream = new TestUpstream();
  const pool = poolOf(upstream);
  const idle = await pool.connect(), busy = await pool.connect();
  await exchange(idle);
  pool.release(idle);
  pool.close();
  assert(idle.closed && !busy.closed);
  await exchange(busy);
  pool.release(busy);
  assert(busy.closed);
  assertEquals(pool.reuse(), null);
});
