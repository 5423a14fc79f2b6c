/** Upgraded connections: bytes both ways, ends and limits. */
import { assert, assertEquals } from "@std/assert";
import { get } from "../http1/corpus/case.ts";
import { fieldOf, type RawClient } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { reply, type Script, TestUpstream, type UpstreamPeer } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

const REQUEST = get("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x");
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: b\r\n\r\n";
const LIMIT = 300;

/** An upstream that switches, and what it hears after that. */
class Switching {
  heard = "";
  peer: UpstreamPeer | null = null;
  readonly script: Script = async (_, peer) => {
    this.peer = peer;
    peer.raw((text) => this.heard += text);
    await peer.write(SWITCH);
  };

  /** Waits for the front to end its side. */
  async ended(): Promise<void> {
    await within("the front has ended its side", this.peer?.ended ?? Promise.reject(new Error("nobody has switched")));
  }
}

async function upgrade(client: RawClient): Promise<void> {
  await client.send(REQUEST);
  const response = await client.head();
  assertEquals(response.status, 101);
  assertEquals(fieldOf(response, "connection"), "Upgrade");
  assertEquals(fieldOf(response, "upgrade"), "websocket");
  assertEquals(fieldOf(response, "x-a"), "b");
}

Deno.test("an upgraded connection carries bytes both ways", async () => {
  const switching = new Switching();
  await using upstream = new TestUpstream(switching.script);
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await upgrade(client);
  assertEquals(upstream.requests[0].fields.filter(([name]) => /^(connection|upgrade)$/i.test(name)), [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
  ]);
  for (let i = 0; i < 3; i++) {
    await client.send(`to ${i}\0\xff`);
    await until("it has come", () => switching.heard.endsWith(`to ${i}\0\xff`));
    await switching.peer?.write(`from ${i}\r\n\r\n`);
    await client.through(`from ${i}\r\n\r\n`);
  }
  switching.peer?.close();
  assertEquals((await client.end()).rest, "");
  client.close();
  const { status, bytes } = await front.log.entry();
  assertEquals({ status, bytes }, { status: 101, bytes: 3 * "from 0\r\n\r\n".length });
});

Deno.test("what a client sends behind its upgrade, before it is answered, goes to the upstream", async () => {
  const switching = new Switching();
  await using upstream = new TestUpstream(switching.script);
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(`${REQUEST}GET /smuggled HTTP/1.1\r\n\r\n`);
  assertEquals((await client.head()).status, 101);
  await until("it has come", () => switching.heard === "GET /smuggled HTTP/1.1\r\n\r\n");
  assertEquals(upstream.requests.length, 1);
  client.close();
  await switching.ended();
  switching.peer?.close();
});

Deno.test("what the upstream sends right behind its 101 goes to the client", async () => {
  await using upstream = new TestUpstream(async (_, peer) => {
    peer.raw(() => {});
    await peer.write(`${SWITCH}welcome`);
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await upgrade(client);
  await client.through("welcome");
});

Deno.test("a client that ends its side of an upgraded connection still hears the other", async () => {
  const switching = new Switching();
  await using upstream = new TestUpstream(switching.script);
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await upgrade(client);
  await client.send("bye");
  await client.halfClose();
  await switching.ended();
  assertEquals(switching.heard, "bye");
  await switching.peer?.write("and good night");
  switching.peer?.close();
  assertEquals(await client.end(), { rest: "and good night", how: "eof" });
  assertEquals((await front.log.entry()).bytes, "and good night".length);
});

Deno.test("an upstream that ends its side of an upgraded connection still hears the client", async () => {
  const switching = new Switching();
  await using upstream = new TestUpstream(switching.script);
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await upgrade(client);
  await switching.peer?.closeWrite();
  assertEquals((await client.end()).how, "eof");
  await client.send("one more thing");
  await until("it has come", () => switching.heard === "one more thing");
  await client.halfClose();
  await switching.ended();
  switching.peer?.close();
  assertEquals((await front.log.entry()).status, 101);
});

Deno.test("an upgraded connection is closed when nothing passes for too long, and not before", async () => {
  const switching = new Switching();
  await using upstream = new TestUpstream(switching.script);
  await using front = new TestFront({ upstream, upstreamLimits: { readTimeout: LIMIT } });
  const client = await front.connect();
  await upgrade(client);
  for (const start = performance.now(); performance.now() - start < 2 * LIMIT;) {
    await client.send(".");
    await new Promise((resolve) => setTimeout(resolve, LIMIT / 6));
  }
  await client.send("last");
  const last = performance.now();
  await client.end();
  const elapsed = performance.now() - last;
  assert(elapsed >= LIMIT && elapsed <= 3 * LIMIT, `${elapsed}`);
  await switching.ended();
  switching.peer?.close();
  assertEquals((await front.log.entry()).status, 101);
});

Deno.test("an upstream that does not switch answers as ever, and the connection goes on", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  for (let i = 0; i < 2; i++) {
    await client.send(REQUEST);
    assertEquals((await client.response()).status, 200);
  }
});

Deno.test("an upstream that switches to nothing is answered 502", async () => {
  await using upstream = new TestUpstream((_, peer) => peer.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(REQUEST);
  assertEquals((await client.response()).status, 502);
});

Deno.test("a connection that was upgraded is never used for another request", async () => {
  let first = true;
  await using upstream = new TestUpstream(async (_, peer) => {
    if (!first) return await peer.write(reply("ok"));
    first = false;
    peer.raw(() => {});
    await peer.write(SWITCH);
    peer.close();
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await upgrade(client);
  await client.end();
  const other = await front.connect();
  await other.send(get());
  assertEquals((await other.response()).body, "ok");
  assertEquals(upstream.connections, 2);
});
