/**
 * What has to work through the compiled proxy whatever server stands behind it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { noise, sha256 } from "./noise.ts";
import { CONNECTION_FIELD, WEBSOCKET_ACCEPT, WEBSOCKET_KEY } from "./peers.ts";
import { fieldOf, fromLatin1, RawClient } from "./raw_http.ts";

/** 10 MB down and up, with a length and in chunks, are what they were. `blob`: what the peer sends. */
export async function carriesBodies(url: string, blob: Uint8Array<ArrayBuffer>): Promise<void> {
  const expected = await sha256(blob);
  const down = await fetch(`${url}/blob`);
  const received = await down.bytes();
  assertEquals([down.status, received.length, await sha256(received)], [200, blob.length, expected]);
  for (const body of [blob, new Blob([blob]).stream()]) {
    const up = await fetch(`${url}/digest`, { method: "POST", body });
    assertEquals([up.status, await up.text()], [200, `${blob.length} ${expected}`]);
  }
}

/** An upgraded connection carries whatever bytes both ways, and its end. */
export async function carriesUpgrade(port: number): Promise<void> {
  using client = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
  await client.send(
    "GET /echo HTTP/1.1\r\nHost: peers.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${WEBSOCKET_KEY}\r\n\r\n`,
  );
  const head = await client.head();
  const fields = ["connection", "upgrade", "sec-websocket-accept"].map((name) => fieldOf(head, name)?.toLowerCase());
  assertEquals([head.status, ...fields], [101, "upgrade", "websocket", WEBSOCKET_ACCEPT.toLowerCase()]);
  const sent = noise(200_000);
  const [back] = await Promise.all([
    client.through("the end\r\n"),
    client.send(sent).then(() => client.send("the end\r\n")),
  ]);
  assert(back === `${fromLatin1(sent)}the end\r\n`, "what came back is what was sent");
  await client.halfClose();
  assertEquals((await client.end()).rest, "");
}

/** The peer sees fewer connections than requests, whatever their methods. */
export async function reusesConnections(url: string): Promise<void> {
  const seen = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const init = i % 4 === 3 ? { method: "POST", body: `body ${i}` } : {};
    const response = await fetch(`${url}/hello`, init);
    assertEquals([response.status, await response.text()], [200, "hello"]);
    const connection = response.headers.get(CONNECTION_FIELD);
    assert(connection !== null, "the peer names the connection");
    seen.add(connection);
  }
  // One, if the peer closes none meanwhile; each may do that whenever it likes.
  assert(seen.size <= 4, `40 requests came on ${seen.size} connections: ${[...seen].join(", ")}`);
}
