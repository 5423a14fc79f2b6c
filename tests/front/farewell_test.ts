/** What the clients of WebSockets hear when a front, or the server of one, goes. */
import { assertEquals } from "@std/assert";
import { get } from "../http1/corpus/case.ts";
import type { RawClient } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { TestUpstream, type UpstreamPeer } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

/** Close, code 1012, "Service restart". */
const FAREWELL = "\x88\x11\x03\xf4Service restart";
const HELLO = "\x81\x05hello";

/** A WebSocket through a front, as far as a proxy can tell. */
async function open(front: TestFront, upstream: TestUpstream, protocol = "websocket") {
  const switched = Promise.withResolvers<UpstreamPeer>();
  const heard = { text: "" };
  upstream.script = async (_, peer) => {
    peer.raw((text) => heard.text += text);
    await peer.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
    switched.resolve(peer);
  };
  const client: RawClient = await front.connect();
  await client.send(get("Connection: Upgrade", `Upgrade: ${protocol}`, "Sec-WebSocket-Key: x"));
  assertEquals((await client.head()).status, 101);
  return { client, peer: await switched.promise, heard };
}

Deno.test("a drain tells a WebSocket's client to come back, and its answer ends the connection", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const { client, peer, heard } = await open(front, upstream);
  await peer.write(HELLO);
  await client.through(HELLO);
  const begun = performance.now();
  const drained = front.front.drain(20_000);
  assertEquals(await client.through("restart"), FAREWELL);
  await peer.write("\x81\x04late");
  await client.send("\x88\x82\0\0\0\0\x03\xf4");
  await until("the server hears of it", () => heard.text.endsWith("\x03\xf4"));
  peer.close();
  assertEquals((await client.end()).rest, "", "nothing follows a close frame");
  client.close();
  await drained;
  assertEquals(performance.now() - begun < 10_000, true);
});

Deno.test("the farewell waits for the end of the frame that is being sent", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const { client, peer } = await open(front, upstream);
  await peer.write("\x81\x0a01234");
  await client.through("01234");
  const drained = front.front.drain(5_000);
  await peer.write(`56789${HELLO}`);
  assertEquals(await client.through("restart"), `56789${FAREWELL}`);
  peer.close();
  assertEquals((await client.end()).rest, "");
  client.close();
  await drained;
});

Deno.test("a server that has said goodbye itself is the one that is heard", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const { client, peer } = await open(front, upstream);
  await peer.write("\x88\x02\x03\xe9");
  assertEquals(await client.through("\x03\xe9"), "\x88\x02\x03\xe9");
  const drained = front.front.drain(5_000);
  peer.close();
  assertEquals((await client.end()).rest, "");
  client.close();
  await drained;
});

Deno.test("another protocol than WebSocket is told nothing", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const { client } = await open(front, upstream, "other/1");
  const drained = front.front.drain(300);
  assertEquals((await client.end()).rest, "");
  client.close();
  await drained;
});

Deno.test("dismiss() tells the clients of servers that do not stay, and no others", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream });
  const { client, peer } = await open(front, upstream);
  if (upstream.target.transport !== "unix") throw new TypeError("it is on a unix socket");
  const authority = `unix:${upstream.target.path}`;
  front.front.dismiss((name) => name === authority);
  await peer.write(HELLO);
  assertEquals(await client.through("hello"), HELLO);
  front.front.dismiss((name) => name !== authority);
  assertEquals(await client.through("restart"), FAREWELL);
  peer.close();
  assertEquals((await client.end()).rest, "");
});
