/** What waits, as the status tells it. With the compiled binary. @module */
import { assertEquals } from "@std/assert";
import { RawClient } from "../support/raw_http.ts";
import { BINARY, Running, TestDirectory } from "../support/stackd.ts";

/** Answers when it may. */
const APP = `
export default async () => {
  while (true) try { Deno.statSync("go"); break; } catch { await new Promise((resolve) => setTimeout(resolve, 10)); }
  return new Response("done");
};
`;
const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

async function start(directory: TestDirectory, args: readonly string[]) {
  const module = directory.write("app.ts", APP),
    socket = directory.at("app.sock"),
    status = directory.at("status.sock");
  const line = ["gateway", "--socket", socket, "--access-log", "off", "--status", status, ...args, module];
  const gateway = new Running(BINARY, line, { cwd: directory.path });
  await gateway.untilPrinted(/pid/);
  const ask = async () => {
    const conn = await Deno.connect({ transport: "unix", path: status });
    return JSON.parse(await new Response(conn.readable).text());
  };
  return { gateway, socket, ask };
}

Deno.test("the status tells what waits in the front", async () => {
  using directory = new TestDirectory();
  const { gateway, socket, ask } = await start(directory, ["--front", "--worker-requests", "2"]);
  await using _ = gateway;
  const clients = await Promise.all(Array.from({ length: 5 }, async () => {
    const client = await RawClient.connect({ transport: "unix", path: socket });
    await client.send(GET);
    return client;
  }));
  const { fronts: [front], queued, load } = await gateway.until("three wait", async () => {
    const status = await ask();
    return status.queued === 3 ? status : null;
  });
  assertEquals(front, { pid: front.pid, state: "ready", connections: 5, in_flight: 5, queued: 3 });
  assertEquals([queued, load], [3, 3]);
  directory.write("go", "");
  for (const client of clients) assertEquals((await client.response()).body, "done");
  await gateway.until("nobody waits", async () => (await ask()).queued === 0);
  for (const client of clients) client.close();
});

Deno.test({
  name: "the status tells what waits in the kernel, before a front and before a worker without one",
  ignore: Deno.build.os !== "linux",
  async fn(t) {
    for (const args of [["--front"], []]) {
      await t.step(args.length === 0 ? "a worker" : "a front", async () => {
        using directory = new TestDirectory();
        const { gateway, socket, ask } = await start(directory, [...args, "--ping-timeout", "60"]);
        await using _ = gateway;
        const accepting = new RegExp(args.length === 0 ? "worker" : "front");
        const pid = childOf(gateway.pid, accepting);
        Deno.kill(pid, "SIGSTOP"); // it accepts nobody
        const clients = await Promise.all(
          Array.from({ length: 4 }, () => RawClient.connect({ transport: "unix", path: socket })),
        );
        await gateway.until("four wait", async () => (await ask()).listen_queue === 4);
        Deno.kill(pid, "SIGCONT");
        await gateway.until("nobody waits", async () => (await ask()).listen_queue === 0);
        for (const client of clients) client.close();
      });
    }
  },
});

function childOf(parent: number, kind: RegExp): number {
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      const [, ppid] = /^\d+ \(.*\) \S (\d+)/.exec(Deno.readTextFileSync(`/proc/${name}/stat`)) ?? [];
      if (Number(ppid) !== parent) continue;
      if (kind.test(Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0")[1] ?? "")) return Number(name);
    } catch { /* no process */ }
  }
  throw new Error(`no child is a ${kind}`);
}
