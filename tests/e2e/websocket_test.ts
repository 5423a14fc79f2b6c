/** A real WebSocket library, as client and as server, through the compiled proxy. @module */
import { assertEquals } from "@std/assert";
import { createServer } from "node:http";
// @ts-types="../support/ws.d.ts"
import { WebSocket, WebSocketServer } from "ws";
import { startProxy } from "../support/stackd.ts";

/** A server that sends back what it gets, and closes as it is told in `close CODE REASON`. */
async function echoServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, maxPayload: 2 ** 21 });
  sockets.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
      const [, code, reason] = isBinary ? [] : /^close (\d+) (.*)$/.exec(data.toString()) ?? [];
      if (code === undefined) socket.send(data, { binary: isBinary });
      else socket.close(Number(code), reason);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", () => resolve()));
  const address = http.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () => new Promise((resolve) => sockets.close(() => http.close(() => resolve()))),
  };
}

Deno.test("1,000 messages of up to 1 MB go both ways, and close codes are kept", async () => {
  const server = await echoServer();
  const { proxy, port } = await startProxy(["--upstream", `http://127.0.0.1:${server.port}`]);
  await using _ = proxy;
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { maxPayload: 2 ** 21 });
  await new Promise<void>((resolve, reject) => client.on("open", resolve).on("error", reject));
  const sizeOf = (i: number) => i % 100 === 99 ? 1_000_000 : (i * 37) % 2_000;
  const done = Promise.withResolvers<void>();
  let received = 0;
  client.on("message", (data) => {
    const i = received++;
    assertEquals(data.length, sizeOf(i), `message ${i}`);
    assertEquals(data.every((byte) => byte === (i & 255)), true, `message ${i}`);
    if (received === 1_000) done.resolve();
  });
  for (let i = 0; i < 1_000; i++) client.send(new Uint8Array(sizeOf(i)).fill(i));
  await done.promise;
  const closed = new Promise((resolve) => client.on("close", (code, reason) => resolve([code, reason.toString()])));
  client.send("close 4321 as told");
  assertEquals(await closed, [4321, "as told"]);
  await server.close();
});
