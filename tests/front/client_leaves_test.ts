/** A client that goes away is noticed at once, and nobody works for it any longer. */
import { assert, assertEquals } from "@std/assert";
import { plainRoute } from "../../lib/config/route_options.ts";
import { get, post } from "../http1/corpus/case.ts";
import { TestDirectory } from "../support/stackd.ts";
import { TestFront } from "../support/test_front.ts";
import { answering, reply, type Script, TestUpstream, type UpstreamPeer } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

/** A script that answers nothing, and the peers it was given. */
function silent(): { readonly peers: UpstreamPeer[]; readonly script: Script } {
  const peers: UpstreamPeer[] = [];
  return { peers, script: (_, peer) => void peers.push(peer) };
}

Deno.test("a client that leaves while its request is handled aborts it at the upstream, and is logged as 499", async (t) => {
  const requests = [
    ["GET", get()],
    ["GET that asks for another protocol", get("Connection: Upgrade", "Upgrade: websocket")],
    ["POST whose body came with its head", post("Content-Length: 2") + "hi"],
    ["POST whose body is streamed", post("Transfer-Encoding: chunked") + "2\r\nhi\r\n0\r\n\r\n"],
    ["POST of which half has come", post("Content-Length: 4") + "hi"],
  ] as const;
  for (const [name, request] of requests) {
    await t.step(name, async () => {
      const { peers, script } = silent();
      await using upstream = new TestUpstream(script);
      await using front = new TestFront({ upstream });
      const client = await front.connect();
      await client.send(request);
      await upstream.request();
      const left = performance.now();
      client.close();
      await within("the request is aborted", peers[0].ended);
      assert(performance.now() - left < 1_000, "at once, not when a deadline passes");
      const { status, bytes } = await front.log.entry();
      assertEquals({ status, bytes }, { status: 499, bytes: 0 });
      assertEquals(front.errors.text, "");
    });
  }
});

Deno.test("of an answer of our own that a client leaves, what was sent is counted", async (t) => {
  using directory = new TestDirectory();
  directory.write("a.bin", new Uint8Array(100_000));
  const body = "x".repeat(100_000), files = { kind: "static", root: directory.path } as const;
  const said = { kind: "respond", status: 200, contentType: "text/plain", body } as const;
  const slowly = { bandwidth: 20_000 };
  await using front = new TestFront({
    routes: [{ ...plainRoute("/", files), ...slowly }, { ...plainRoute("/said", said), ...slowly }],
  });
  for (const path of ["/a.bin", "/said"]) {
    await t.step(path, async () => {
      const client = await front.connect();
      await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.head();
      client.close();
      const { status, bytes } = await front.log.entry(path === "/a.bin" ? 1 : 2);
      assertEquals(status, 499);
      assert(bytes !== null && bytes < 50_000, `${bytes} are counted`);
    });
  }
});

Deno.test("a client that leaves within a response ends it at the upstream", async () => {
  let written = 0;
  await using upstream = new TestUpstream(async (_, peer) => {
    await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let ended = false;
    peer.ended.then(() => ended = true);
    for (; !ended; written++) await peer.write(`8000\r\n${"x".repeat(0x8000)}\r\n`);
  });
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await client.head();
  await until("some of the response was sent", () => written > 3);
  client.close();
  const { status, bytes } = await front.log.entry();
  assertEquals(status, 499);
  assert((bytes ?? 0) > 0);
  await until("the upstream's connection has ended", () => upstream.open === 0);
});

Deno.test("a client that leaves within its head is logged as 499 and reaches no upstream", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send("GET /half HTTP/1.1\r\nHost: a");
  client.close();
  const { status, requestLine } = await front.log.entry();
  assertEquals({ status, requestLine }, { status: 499, requestLine: "GET /half HTTP/1.1" });
  assertEquals(upstream.connections, 0);
});

Deno.test("a client that leaves between two requests is logged no more", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await client.response();
  client.close();
  const other = await front.connect();
  await other.send(get());
  await other.response();
  assertEquals(front.log.entries.map(({ status }) => status), [200, 200]);
});

Deno.test("a client that ends its side after its request is taken to have left, as nginx takes it", async () => {
  const { peers, script } = silent();
  await using upstream = new TestUpstream(script);
  await using front = new TestFront({ upstream });
  const client = await front.connect();
  await client.send(get());
  await upstream.request();
  await client.halfClose();
  await within("the request is aborted", peers[0].ended);
  assertEquals((await front.log.entry()).status, 499);
});

Deno.test("a client that leaves as its answer comes takes no connection that another request gets", async () => {
  await using upstream = new TestUpstream(answering(reply("ok")));
  await using front = new TestFront({ upstream });
  const other = await front.connect();
  for (let i = 0; i < 300; i++) {
    const leaving = await front.connect();
    await leaving.send(get());
    leaving.close();
    await other.send(`${post("Content-Length: 5")}hello`);
    assertEquals((await other.response()).status, 200, `after ${i + 1} that left`);
  }
});
