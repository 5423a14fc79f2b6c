/** A front that ends: what is in flight is answered, and nothing new begins. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { get } from "../http1/corpus/case.ts";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { reply, TestUpstream } from "../support/test_upstream.ts";

Deno.test("drain() lets a request in flight end, says that it was the last, and is done then", async () => {
  const gate = Promise.withResolvers<void>();
  await using upstream = new TestUpstream(async (_, peer) => {
    await gate.promise;
    await peer.write(reply("whole"));
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await upstream.request();
  let drained = false;
  const draining = front.front.drain(10_000).then(() => drained = true);
  await assertRefused(front);
  assert(!drained);
  gate.resolve();
  const response = await client.response();
  assertEquals(response.body, "whole");
  assertEquals(fieldOf(response, "connection"), "close");
  assertEquals(await client.end(), { rest: "", how: "eof" });
  await draining;
});

/** Waits until no connection is accepted. */
async function assertRefused({ address }: TestFront): Promise<void> {
  for (let refused = false; !refused;) {
    try {
      (await RawClient.connect(address)).close();
    } catch (thrown) {
      refused = thrown instanceof Deno.errors.ConnectionRefused;
    }
  }
}

Deno.test("drain() answers what comes on an idle connection in its first moment, then closes it", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const busy = await front.connect(), idle = await front.connect();
  for (const client of [busy, idle]) {
    await client.send(get());
    await client.response();
  }
  const start = performance.now();
  const draining = front.front.drain(10_000);
  await busy.send(get());
  const response = await busy.response();
  assertEquals(response.status, 200);
  assertEquals(fieldOf(response, "connection"), "close");
  assertEquals(await idle.end(), { rest: "", how: "eof" });
  await draining;
  assert(performance.now() - start < 2_000);
});

Deno.test("drain() closes what is not done in time", async () => {
  await using upstream = new TestUpstream(() => {});
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await upstream.request();
  const start = performance.now();
  await front.front.drain(300);
  const elapsed = performance.now() - start;
  assert(elapsed >= 300 && elapsed <= 900, `${elapsed}`);
  assertEquals((await client.end()).rest, "");
});

Deno.test("drain() does not wait for a connection whose response had begun before it", async () => {
  const gate = Promise.withResolvers<void>();
  await using upstream = new TestUpstream(async (_, peer) => {
    await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    await gate.promise;
    await peer.write("llo");
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await client.through("he");
  const draining = front.front.drain(5_000);
  await assertRefused(front);
  await new Promise((resolve) => setTimeout(resolve, 500));
  gate.resolve();
  await client.through("llo");
  const start = performance.now();
  assertEquals(await client.end(), { rest: "", how: "eof" });
  await draining;
  assert(performance.now() - start < 2_000, "the connection is closed when its response has ended");
});

Deno.test("drain() is done at once when nobody is there", async () => {
  await using front = new TestFront();
  const start = performance.now();
  await front.front.drain(10_000);
  assert(performance.now() - start < 1_000);
});

Deno.test("close() ends everything at once", async () => {
  await using upstream = new TestUpstream(() => {});
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await upstream.request();
  front.front.close();
  assertEquals((await client.end()).rest, "");
  await assertRejects(() => RawClient.connect(front.address), Deno.errors.ConnectionRefused);
});
