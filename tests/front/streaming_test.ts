/** Bodies in transit: both ways at once, piece by piece, and answers that come before a request has ended. */
import { assert, assertEquals } from "@std/assert";
import { get, post } from "../http1/corpus/case.ts";
import { fieldOf } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { reply, TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

const CHUNKED_HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

Deno.test("an event reaches the client before the next one is sent", async () => {
  const events = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  await using upstream = new TestUpstream(async (_, peer) => {
    await peer.write(CHUNKED_HEAD);
    for (const [index, { promise }] of events.entries()) {
      await promise;
      await peer.write(chunk(`data: ${index}\n\n`));
    }
    await peer.write("0\r\n\r\n");
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get("Accept: text/event-stream"));
  assertEquals((await client.head()).status, 200);
  for (const [index, { resolve }] of events.entries()) {
    resolve();
    await client.through(chunk(`data: ${index}\n\n`));
  }
  await client.through("0\r\n\r\n");
});

Deno.test("a body flows both ways at once", async (t) => {
  const framings = [
    ["with a length", post("Content-Length: 15"), (piece: string) => piece],
    ["chunked", post("Transfer-Encoding: chunked"), chunk],
  ] as const;
  for (const [name, head, frame] of framings) {
    await t.step(name, async () => {
      await using upstream = new TestUpstream(async (request, peer) => {
        if (request.method === "GET") return await peer.write(reply("ok"));
        let ended = false;
        peer.ended.then(() => ended = true);
        await peer.write(CHUNKED_HEAD);
        for (let echoed = 0; echoed < 15;) {
          await until("there is more to echo", () => request.body.length > echoed || ended);
          if (ended) return;
          const { body } = request;
          await peer.write(chunk(body.slice(echoed).toUpperCase()));
          echoed = body.length;
        }
        await request.finished;
        await peer.write("0\r\n\r\n");
      });
      await using front = new TestFront({ upstream });
      const client = await front.connect();
      await client.send(head);
      assertEquals((await client.head()).status, 200);
      for (const piece of ["first", "other", "third"]) {
        await client.send(frame(piece));
        await client.through(chunk(piece.toUpperCase()));
      }
      if (name === "chunked") await client.send("0\r\n\r\n");
      await client.through("0\r\n\r\n");
      await client.send(get());
      assertEquals((await client.response()).body, "ok");
      assertEquals(upstream.requests[0].body, "firstotherthird");
      assertEquals(upstream.connections, 1);
    });
  }
});

Deno.test("large bodies arrive whole both ways", async () => {
  const size = 3_000_000;
  const body = Array.from({ length: size / 10 }, (_, i) => String(i).padStart(10)).join("");
  await using upstream = new TestUpstream(async (request, peer) => {
    await request.finished;
    await peer.write(reply(request.body));
  }, "tcp");
  await using front = new TestFront({ upstream, limits: { maxBody: 0 } });
  const client = await front.connect();
  for (
    const framed of [
      post(`Content-Length: ${size}`) + body,
      post("Transfer-Encoding: chunked") + chunk(body) + "0\r\n\r\n",
    ]
  ) {
    const sent = client.send(framed);
    const response = await client.response();
    await sent;
    assert(response.body === body, "what comes back is what was sent");
  }
  assertEquals((await front.log.entry(2)).bytes, size);
});

Deno.test("a slow client slows the upstream down instead of filling memory", async () => {
  let written = 0;
  await using upstream = new TestUpstream(async (_, peer) => {
    await peer.write(CHUNKED_HEAD);
    let ended = false;
    peer.ended.then(() => ended = true);
    for (; !ended; written++) await peer.write(chunk("x".repeat(0x10000)));
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await client.head();
  // It stands still once the kernel's buffers are full: the count is the same over many polls.
  let last = -1, same = 0;
  await until("the upstream stands still", () => {
    same = written === last ? same + 1 : 0;
    last = written;
    return same > 20;
  });
  assert(written < 1_000, `${written} pieces of 64 KiB are under way`);
});

Deno.test("the upstream's time does not run while its client is slow", async (t) => {
  const size = 20_000_000, stall = 900, piece = "x".repeat(100_000);
  for (const [name, framing] of [["with a length", `Content-Length: ${size}`], ["until closed", "X-A: b"]]) {
    await t.step(name, async () => {
      await using upstream = new TestUpstream(async (_, peer) => {
        await peer.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`);
        for (let sent = 0; sent < size; sent += piece.length) await peer.write(piece);
        peer.close();
      });
      await using front = new TestFront({ upstream, upstreamLimits: { readTimeout: stall / 3 } });
      const client = await front.connect();
      await client.send(get());
      // The kernel holds a few megabytes; then the front waits for the client, and no longer for the upstream.
      await new Promise((resolve) => setTimeout(resolve, stall));
      assertEquals((await client.response()).body.length, size);
    });
  }
});

Deno.test("a response that comes before its request has ended is passed on", async () => {
  await using upstream = new TestUpstream((_, peer) => peer.write(reply("no, thanks", "403 Forbidden")));
  await using front = new TestFront({ upstream, limits: { maxBody: 0 } });
  const client = await front.connect();
  await client.send(post("Content-Length: 10000000") + "x".repeat(1_000));
  const response = await client.response();
  assertEquals({ status: response.status, body: response.body }, { status: 403, body: "no, thanks" });
  assertEquals(fieldOf(response, "connection"), "close");
  assertEquals((await client.end()).rest, "");
  await until("the upstream's connection, in the midst of a body, is not kept", () => upstream.open === 0);
});

Deno.test("a response that comes before its request has ended reaches a client that sends all of it first", async () => {
  await using upstream = new TestUpstream(async (_, peer) => {
    peer.pause();
    await peer.write(reply("no, thanks", "403 Forbidden"));
    await peer.closeWrite();
  });
  await using front = new TestFront({ upstream, limits: { maxBody: 0 } });
  const client = await front.connect();
  await client.send(post("Content-Length: 10000000") + "x".repeat(10_000_000));
  assertEquals((await client.response()).status, 403);
});

Deno.test("a connection that was answered early is not kept for ever when its client falls silent", async () => {
  const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
  await using upstream = new TestUpstream((_, peer) => peer.write(reply("no, thanks", "403 Forbidden")));
  await using front = new TestFront({ upstream, limits: { maxBody: 0 } });
  const before = descriptors();
  const client = await front.connect();
  await client.send(post("Content-Length: 10000000") + "x");
  assertEquals((await client.response()).status, 403);
  assertEquals((await client.end()).rest, "");
  // What was started for the body takes the first of these, and the lingering the others.
  for (const byte of "xyz") {
    await client.send(byte);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // It lingers for five seconds after the last byte; the test's own end stays.
  await until("the front's descriptors are free", () => descriptors() <= before + 1, 10_000);
});

Deno.test("a response that overtakes the last piece of its request leaves both connections in order", async (t) => {
  // That piece has to be stuck before the upstream while all others are not: where that begins depends on the kernel.
  for (let size = 150_000; size <= 550_000; size += 40_000) await t.step(`${size} bytes`, () => overtake(size));
});

async function overtake(size: number): Promise<void> {
  const taken = Promise.withResolvers<void>(), goOn = Promise.withResolvers<void>();
  let ended = false;
  await using upstream = new TestUpstream(async (request, peer) => {
    if (request.method !== "POST") return await peer.write(reply(request.target));
    peer.ended.then(() => ended = true);
    peer.pause();
    await taken.promise;
    await peer.write(reply("early"));
    await goOn.promise;
    peer.resume();
  });
  await using front = new TestFront({ upstream, limits: { maxBody: 0 } });
  const client = await front.connect(), other = await front.connect();
  await client.send(post(`Content-Length: ${size}`) + "x".repeat(size));
  await upstream.request();
  // Nothing outside shows that the front has taken all it can. A moment too short makes this test weaker, never wrong.
  await new Promise((resolve) => setTimeout(resolve, 50));
  taken.resolve();
  const early = await client.response();
  assertEquals(early.body, "early");
  await other.send(get().replace("/ ", "/other "));
  await new Promise((resolve) => setTimeout(resolve, 50));
  goOn.resolve();
  assertEquals((await other.response()).body, "/other");
  const [upload] = upstream.requests;
  await until("the upload has ended or been given up", () => upload.complete || ended);
  if (upload.complete) assertEquals(upload.body.length, size);
  if (fieldOf(early, "connection") === "close") return;
  await client.send(get("Connection: close").replace("/ ", "/next "));
  assertEquals((await client.response()).body, "/next");
}
