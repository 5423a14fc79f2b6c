/** What a worker still has when it is told to leave: requests that it has not read, streams, WebSockets. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { test } from "../support/confinement.ts";
import { RawClient } from "../support/raw_http.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";
import { faultyApp, FaultyGateway, pidIn } from "./faults_app.ts";

test("faults: a worker that had no time to read requests before it is told to leave answers them", async (t) => {
  for (const over of ["--http", "--socket"]) {
    await t.step(over === "--http" ? "behind a front" : "without a front", async () => {
      await using gateway = new FaultyGateway();
      const socket = gateway.directory.at("app.sock");
      // Longer than the handler keeps the worker from answering.
      await gateway.start([...(over === "--http" ? [over, "127.0.0.1:0"] : [over, socket]), "--ping-timeout", "10"]);
      if (over === "--socket") gateway.address = { transport: "unix", path: socket };
      const [worker] = gateway.children("worker");
      let done = false;
      const block = gateway.ask("/block").then((answer) => {
        done = true;
        return answer;
      });
      await until("it is busy", () => gateway.notes.length === 1);
      const posts = Array.from({ length: 20 }, () => gateway.ask("/", "POST"));
      gateway.running.kill("SIGHUP");
      await gateway.logged(/Reloaded: generation 2 serves/);
      assert(!done, "the reload was slower than the handler: nothing was tried");
      const answers = await Promise.all([block, ...posts]);
      assertEquals(answers.map(({ status }) => status), Array(21).fill(200), gateway.running.stderr);
      assertEquals(new Set(answers.map(({ body }) => pidIn(body))), new Set([worker]));
      assert(pidIn((await gateway.ask("/")).body) !== worker);
    });
  }
});

test("faults: a stream goes on through a reload for --graceful-timeout, a WebSocket is told to come back", async () => {
  await using gateway = await FaultyGateway.start(["--graceful-timeout", "2"]);
  const { address } = gateway;
  assert(address.transport === "tcp");
  using stream = await RawClient.connect(address);
  await stream.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  assertEquals((await stream.head()).status, 200);
  const socket = await openSocket(address.port);
  assertEquals(await echo(socket, "a"), `a 1 ${gateway.children("worker")[0]}`);
  gateway.write(faultyApp(2));
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  gateway.running.kill("SIGHUP");
  await gateway.logged(/Reloaded: generation 2 serves/);
  const switched = performance.now();
  const { code, reason } = await within("the WebSocket is closed", closed);
  assertEquals([code, reason], [1012, "Service restart"]);
  const { rest } = await stream.end();
  const lasted = performance.now() - switched;
  assert(lasted > 1_900 && lasted < 6_000, `the stream lasted ${lasted} ms`);
  const events = rest.match(/data: 1/g)?.length ?? 0;
  assert(events > 10, `${events} events came`);
  assert(!rest.includes("\r\n0\r\n\r\n"), "its client can tell that it is not whole");
  const again = await openSocket(address.port);
  assertEquals((await echo(again, "b")).slice(0, 4), "b 2 ");
  const end = new Promise((resolve) => again.onclose = resolve);
  again.close();
  await end;
});

async function openSocket(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await within("the WebSocket is open", new Promise((resolve) => socket.onopen = resolve));
  return socket;
}

/** Sends a message; gives the next one that comes. */
async function echo(socket: WebSocket, message: string): Promise<string> {
  const next = new Promise<MessageEvent>((resolve) => socket.onmessage = resolve);
  socket.send(message);
  return (await within("it is answered", next)).data;
}
