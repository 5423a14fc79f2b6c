/** How WebSockets end when a gateway, or the generation that has them, does. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { FaultyGateway } from "./faults_app.ts";

/** An open WebSocket of the gateway, and how it ends. */
async function open({ address }: FaultyGateway): Promise<{ socket: WebSocket; closed: Promise<CloseEvent> }> {
  if (address.transport !== "tcp") throw new TypeError("it listens on TCP");
  const socket = new WebSocket(`ws://${address.hostname}:${address.port}/`);
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  const answer = new Promise<MessageEvent>((resolve) => socket.addEventListener("message", resolve, { once: true }));
  socket.send("hello");
  assert(/^hello \d+ \d+$/.test((await answer).data));
  return { socket, closed };
}

Deno.test("TERM closes WebSockets behind a front with 1012, and does not wait for their timeout", async () => {
  await using gateway = await FaultyGateway.start(["--workers", "2", "--graceful-timeout", "30"]);
  const sockets = await Promise.all([open(gateway), open(gateway)]);
  const begun = performance.now();
  const { code } = await gateway.running.stop();
  const took = performance.now() - begun;
  for (const { closed } of sockets) {
    const { code, reason, wasClean } = await closed;
    assertEquals({ code, reason, wasClean }, { code: 1_012, reason: "Service restart", wasClean: true });
  }
  assertEquals(code, 0);
  assert(took < 10_000, `it took ${took} ms`);
});

Deno.test("HUP closes the WebSockets of the old generation with 1012, and no others", async () => {
  await using gateway = await FaultyGateway.start(["--workers", "2"]);
  const old = await open(gateway);
  gateway.running.kill("SIGHUP");
  const { code, wasClean } = await old.closed;
  assertEquals({ code, wasClean }, { code: 1_012, wasClean: true });
  const fresh = await open(gateway);
  await gateway.running.until("the old generation is gone", () => gateway.children("worker").length === 2);
  const answer = new Promise<MessageEvent>((resolve) => fresh.socket.addEventListener("message", resolve));
  fresh.socket.send("again");
  assert(/^again /.test((await answer).data));
  fresh.socket.close();
  assertEquals((await fresh.closed).wasClean, true);
});
