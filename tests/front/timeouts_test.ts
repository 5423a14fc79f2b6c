/** Every deadline of a client: never early, at most three times as late, and nobody else is kept waiting. */
import { assert, assertEquals } from "@std/assert";
import { get, post } from "../http1/corpus/case.ts";
import { fieldOf } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

const LIMIT = 300;
/** Others are unlimited as far as a test goes. */
const LONG = 60_000;

function assertInTime(since: number): void {
  const elapsed = performance.now() - since;
  assert(elapsed >= LIMIT, `early: after ${elapsed} ms`);
  assert(elapsed <= 3 * LIMIT, `late: after ${elapsed} ms`);
}

Deno.test("a head that is too slow is answered 408 while others are served", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, limits: { headerTimeout: LIMIT, keepaliveTimeout: LONG } });
  const slow = await front.connect();
  const start = performance.now();
  await slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n");
  const other = await front.connect();
  for (let i = 0; i < 20; i++) {
    await other.send(get());
    assertEquals((await other.response()).status, 200);
  }
  assert(performance.now() - start < LIMIT, "the others have been served before");
  const response = await slow.response();
  assertInTime(start);
  assertEquals(response.status, 408);
  assertEquals(fieldOf(response, "connection"), "close");
  assertEquals(await slow.end(), { rest: "", how: "eof" });
  const { status, requestLine } = await front.log.entry(21);
  assertEquals({ status, requestLine }, { status: 408, requestLine: "GET /slow HTTP/1.1" });
  assertEquals(upstream.seen.length, 20);
});

Deno.test("a head that comes byte by byte has no more time than one that does not", async () => {
  await using front = new TestFront({ limits: { headerTimeout: LIMIT } });
  const client = await front.connect();
  const start = performance.now();
  let ended = false;
  const dribble = (async () => {
    await client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    for (let i = 0; !ended; i++) {
      await client.send(`X-${i}: ${i}\r\n`).catch(() => ended = true);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  assertEquals((await client.response()).status, 408);
  assertInTime(start);
  ended = true;
  await dribble;
});

Deno.test("a second head has its own time, from its first byte", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, limits: { headerTimeout: LIMIT, keepaliveTimeout: LONG } });
  const client = await front.connect();
  await client.send(get());
  await client.response();
  await new Promise((resolve) => setTimeout(resolve, LIMIT + 250));
  const start = performance.now();
  await client.send("GET");
  assertEquals((await client.response()).status, 408);
  assertInTime(start);
});

Deno.test("a connection that says nothing is closed without a word", async () => {
  await using front = new TestFront({ limits: { headerTimeout: LIMIT } });
  const start = performance.now();
  const client = await front.connect();
  assertEquals(await client.end(), { rest: "", how: "eof" });
  assertInTime(start);
  assertEquals(front.log.entries, []);
});

Deno.test("the first connection after a pause has as much time as any other", async () => {
  await using front = new TestFront({ limits: { headerTimeout: LIMIT } });
  await new Promise((resolve) => setTimeout(resolve, 3 * LIMIT));
  const start = performance.now();
  const client = await front.connect();
  assertEquals(await client.end(), { rest: "", how: "eof" });
  assertInTime(start);
});

Deno.test("a body that is too slow is answered 408, and its request at the upstream aborted", async (t) => {
  for (const request of [post("Content-Length: 5") + "he", post("Transfer-Encoding: chunked") + "5\r\nhe"]) {
    await t.step(request.includes("chunked") ? "chunked" : "with a length", async () => {
      await using upstream = new TestUpstream(() => {});
      await using front = new TestFront({
        upstream,
        limits: { bodyTimeout: LIMIT },
        upstreamLimits: { readTimeout: LONG },
      });
      const client = await front.connect();
      const start = performance.now();
      await client.send(request);
      const response = await client.response();
      assertInTime(start);
      assertEquals(response.status, 408);
      assertEquals((await client.end()).rest, "");
      await until("the upstream's connection has ended", () => upstream.open === 0);
      assertEquals((await front.log.entry()).status, 408);
      assertEquals(upstream.seen, []);
    });
  }
});

Deno.test("a body may take long as long as something of it comes in time", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({
    upstream,
    limits: { bodyTimeout: LIMIT },
    // The upstream's time does not run while the client is waited for.
    upstreamLimits: { readTimeout: LIMIT / 3 },
  });
  const client = await front.connect();
  const start = performance.now();
  await client.send(post("Content-Length: 4"));
  for (const byte of "slow") {
    await new Promise((resolve) => setTimeout(resolve, LIMIT / 2));
    await client.send(byte);
  }
  assertEquals((await client.response()).status, 200);
  assert(performance.now() - start > LIMIT);
  assertEquals(upstream.requests[0].body, "slow");
});

Deno.test("an idle connection is closed without a word after the keep-alive time", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, limits: { keepaliveTimeout: LIMIT, headerTimeout: LONG } });
  const client = await front.connect();
  await client.send(get());
  await client.response();
  const start = performance.now();
  assertEquals(await client.end(), { rest: "", how: "eof" });
  // The client has its answer a moment after the front's time began to run.
  assertInTime(start + 20);
  assertEquals(front.log.entries.length, 1);
});

Deno.test("a client that stops reading is disconnected, and its descriptor freed", async () => {
  const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
  await using upstream = new TestUpstream(async (_, peer) => {
    await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let ended = false;
    peer.ended.then(() => ended = true);
    while (!ended) await peer.write(`8000\r\n${"x".repeat(0x8000)}\r\n`);
  });
  await using front = new TestFront({ upstream, limits: { writeTimeout: LIMIT } });
  const before = descriptors();
  const client = await front.connect();
  const start = performance.now();
  await client.send(get());
  const { status } = await front.log.entry();
  assert(performance.now() - start >= LIMIT);
  assertEquals(status, 499);
  // What is left is the test's own end of the connection.
  await until("the front's descriptors are free", () => descriptors() === before + 1);
});
