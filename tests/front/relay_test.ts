/** What the relay does with an upstream's connections: reuse, repeating, failures and their answers. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fieldOf } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { reply, type Script, type SeenRequest, TestUpstream, type UpstreamPeer } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";
import { get, post } from "../http1/corpus/case.ts";

const SHORT = 300;

/** Time since the call, ms. */
function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}

Deno.test("relay() reuses the upstream's connection for one request after another", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  for (let i = 0; i < 3; i++) {
    const client = await front.connect();
    await client.send(get() + get());
    await client.response();
    await client.response();
    client.close();
  }
  assertEquals(upstream.seen.length, 6);
  assertEquals(upstream.connections, 1);
});

Deno.test("relay() opens as many connections as there are requests at once, and keeps no more idle than allowed", async () => {
  const gate = Promise.withResolvers<void>();
  await using upstream = new TestUpstream(async (_, peer) => {
    await gate.promise;
    await peer.write(reply("ok"));
  });
  await using front = new TestFront({ upstream, upstreamLimits: { maxIdle: 2 } });
  const clients = await Promise.all(Array.from({ length: 4 }, () => front.connect()));
  for (const client of clients) await client.send(get());
  await upstream.request(4);
  gate.resolve();
  for (const client of clients) assertEquals((await client.response()).status, 200);
  assertEquals(upstream.connections, 4);
  await until("two idle connections are left", () => upstream.open === 2);
});

Deno.test("relay() drops an idle upstream connection after its idle timeout", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, upstreamLimits: { idleTimeout: SHORT } });
  const client = await front.connect();
  await client.send(get());
  await client.response();
  const elapsed = stopwatch();
  await until("the front has closed it", () => upstream.open === 0);
  assert(elapsed() >= SHORT - 20 && elapsed() <= 3 * SHORT, `${elapsed()}`);
  await client.send(get());
  assertEquals((await client.response()).status, 200);
  assertEquals(upstream.connections, 2);
});

/** Answers the first request of each connection, and does something else for those after it. */
function thenOn(second: (request: SeenRequest, peer: UpstreamPeer) => void | Promise<void>): Script {
  const known = new Set<number>();
  return async (request, peer) => {
    if (known.has(request.connection)) return await second(request, peer);
    known.add(request.connection);
    await request.finished;
    await peer.write(reply("ok"));
  };
}

Deno.test("relay() notices that the upstream has closed an idle connection, before it uses it", async () => {
  await using upstream = new TestUpstream(async (request, peer) => {
    await request.finished;
    await peer.write(reply("ok"));
    await peer.closeWrite();
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  for (let i = 0; i < 3; i++) {
    await client.send(post("Content-Length: 2") + "hi");
    assertEquals((await client.response()).status, 200);
    await until("the front has closed its side too", () => upstream.open === 0);
  }
  assertEquals(upstream.connections, 3);
});

Deno.test("relay() repeats a request that met a closing connection, if it may", async (t) => {
  const cases: [name: string, request: string, status: number, attempts: number][] = [
    ["GET", get(), 200, 2],
    ["HEAD", get().replace("GET", "HEAD"), 200, 2],
    ["DELETE", get().replace("GET", "DELETE"), 200, 2],
    ["PUT with a body that came with its head", post("Content-Length: 2").replace("POST", "PUT") + "hi", 200, 2],
    ["POST", post("Content-Length: 2") + "hi", 502, 1],
    ["POST without a body", post(), 502, 1],
    ["PATCH", post().replace("POST", "PATCH"), 502, 1],
    ["a method nobody knows", post().replace("POST", "BREW"), 502, 1],
    [
      "PUT with a body that is streamed",
      post("Transfer-Encoding: chunked").replace("POST", "PUT") + "2\r\nhi\r\n0\r\n\r\n",
      502,
      1,
    ],
  ];
  for (const [name, request, status, attempts] of cases) {
    await t.step(`${name} → ${status}`, async () => {
      await using upstream = new TestUpstream(thenOn((_, peer) => peer.close()));
      await using front = new TestFront({ upstream });
      const client = await front.connect();
      await client.send(get());
      await client.response();
      await client.send(request);
      const response = await client.response({ toHead: name === "HEAD" });
      assertEquals(response.status, status);
      assertEquals(upstream.requests.length, 1 + attempts);
      if (status === 200) assertEquals(upstream.requests.map(({ connection }) => connection), [1, 1, 2]);
      if (name.startsWith("PUT with a body that came")) assertEquals(upstream.requests[2].body, "hi");
    });
  }
});

Deno.test("relay() repeats nothing of which a response has begun", async () => {
  await using upstream = new TestUpstream(thenOn(async (_, peer) => {
    await peer.write("HTTP/1.1 2");
    peer.close();
  }));
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await client.response();
  await client.send(get());
  assertEquals((await client.response()).status, 502);
  assertEquals(upstream.requests.length, 2);
});

Deno.test("relay() repeats nothing on a fresh connection", async () => {
  await using upstream = new TestUpstream((_, peer) => peer.close());
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  assertEquals((await client.response()).status, 502);
  assertEquals(upstream.requests.length, 1);
});

Deno.test("relay() answers 502 when the upstream cannot be connected to, and says why in the error log", async (t) => {
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr as Deno.NetAddr;
  closed.close();
  const cases = [
    [{ transport: "tcp", hostname: "127.0.0.1", port }, "connection refused"],
    [{ transport: "unix", path: "/nonexistent/upstream.sock" }, "no such socket"],
  ] as const;
  for (const [target, why] of cases) {
    await t.step(target.transport, async () => {
      await using front = new TestFront({ upstream: { target } });
      const client = await front.connect();
      await client.send(get("Accept: application/json"));
      const response = await client.response();
      assertEquals(response.status, 502);
      const { error, requestId } = JSON.parse(response.body);
      assertEquals(error, "Bad Gateway");
      assertStringIncludes(front.errors.text, `[error] GET "/" (request id ${requestId}): the upstream cannot be`);
      assertStringIncludes(front.errors.text, why);
      await client.send(get());
      assertEquals((await client.response()).status, 502);
    });
  }
});

Deno.test("relay() answers 504 when the upstream does not accept in time", async () => {
  // With its queue full, a TCP listener that accepts nothing lets further clients wait.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr as Deno.NetAddr;
  const waiting: Promise<Deno.Conn | null>[] = [];
  for (let full = false; !full;) {
    const conn = Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
    waiting.push(conn);
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(true), 200);
    full = await Promise.race([conn.then(() => false), late.promise]);
    clearTimeout(timer);
  }
  const target = { transport: "tcp", hostname: "127.0.0.1", port } as const;
  await using front = new TestFront({ upstream: { target }, upstreamLimits: { connectTimeout: SHORT } });
  const client = await front.connect();
  const elapsed = stopwatch();
  await client.send(get());
  assertEquals((await client.response()).status, 504);
  assert(elapsed() >= SHORT && elapsed() <= 3 * SHORT, `${elapsed()}`);
  assertStringIncludes(front.errors.text, "the upstream did not accept a connection in time");
  // Taking the queue ends every attempt; the front has given its own up.
  const taken: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const conn of listener) taken.push(conn);
  })();
  for (const conn of await Promise.all(waiting)) conn?.close();
  await until("all that waited have come", () => taken.length >= waiting.length);
  listener.close();
  await accepting;
  for (const conn of taken) conn.close();
});

Deno.test("relay() answers 504 when the upstream says nothing in time, and aborts its request", async () => {
  let ended: Promise<void> = Promise.resolve();
  await using upstream = new TestUpstream((_, peer) => {
    ended = peer.ended;
  });
  await using front = new TestFront({ upstream, upstreamLimits: { readTimeout: SHORT } });
  const client = await front.connect();
  const elapsed = stopwatch();
  await client.send(get());
  assertEquals((await client.response()).status, 504);
  assert(elapsed() >= SHORT && elapsed() <= 3 * SHORT, `${elapsed()}`);
  await within("the request is aborted", ended);
  assertStringIncludes(front.errors.text, "the upstream did not answer in time");
  assertEquals((await front.log.entry()).status, 504);
});

Deno.test("relay() lets an upstream be slow between two reads as long as each is in time", async () => {
  await using upstream = new TestUpstream(async (_, peer) => {
    for (const piece of reply("hello").match(/.{1,20}/gs) ?? []) {
      await new Promise((resolve) => setTimeout(resolve, SHORT / 2));
      await peer.write(piece);
    }
  });
  await using front = new TestFront({ upstream, upstreamLimits: { readTimeout: SHORT } });
  const client = await front.connect();
  const elapsed = stopwatch();
  await client.send(get());
  assertEquals((await client.response()).body, "hello");
  assert(elapsed() > SHORT, "the whole took longer than one read may");
});

Deno.test("relay() cuts a response whose upstream stops in its midst", async () => {
  await using upstream = new TestUpstream((_, peer) =>
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
  );
  await using front = new TestFront({ upstream, upstreamLimits: { readTimeout: SHORT } });
  const client = await front.connect();
  const elapsed = stopwatch();
  await client.send(get());
  assertEquals((await client.head()).status, 200);
  assertEquals((await client.end()).rest, "hello");
  assert(elapsed() >= SHORT && elapsed() <= 3 * SHORT, `${elapsed()}`);
  const { status, bytes } = await front.log.entry();
  assertEquals({ status, bytes }, { status: 200, bytes: 5 });
});

Deno.test("relay() gives no second request to an upstream that closes its connection after each", async () => {
  await using upstream = new TestUpstream(async (request, peer) => {
    await request.finished;
    await peer.write(reply("ok", "200 OK", "Connection: close\r\n"));
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  for (let i = 0; i < 2; i++) {
    await client.send(post());
    const response = await client.response();
    assertEquals(response.status, 200);
    assertEquals(fieldOf(response, "connection"), null);
  }
  assertEquals(upstream.connections, 2);
});
