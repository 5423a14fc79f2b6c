/** What the engine promises about memory and slow clients, at full size, with the compiled binary. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { BINARY, installed, residentMemory, Running, startProxy } from "../support/stackd.ts";
import { until } from "../support/until.ts";

const GB = 1_000_000_000;

/** An upstream that takes and gives bodies of any size without keeping them. */
function bulkUpstream(): Deno.HttpServer<Deno.NetAddr> {
  const piece = new Uint8Array(65_536).fill(97);
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/up") {
      let total = 0;
      for await (const chunk of request.body ?? []) total += chunk.length;
      return new Response(String(total));
    }
    let left = Number(searchParams.get("bytes") ?? 5);
    return new Response(
      new ReadableStream({
        pull(controller) {
          const n = Math.min(left, piece.length);
          left -= n;
          controller.enqueue(piece.subarray(0, n));
          if (left === 0) controller.close();
        },
      }),
    );
  });
}

/** The largest growth of a process's memory while `act` runs, KiB. */
async function growthDuring(pid: number, act: () => Promise<void>): Promise<number> {
  const before = residentMemory(pid);
  let most = before;
  const timer = setInterval(() => most = Math.max(most, residentMemory(pid)), 50);
  await act();
  clearInterval(timer);
  return Math.max(most, residentMemory(pid)) - before;
}

Deno.test("1 GB up and 1 GB down grow the proxy by less than 32 MB", async () => {
  await using upstream = bulkUpstream();
  const { proxy, url } = await startProxy(["--upstream", `http://127.0.0.1:${upstream.addr.port}`, "--max-body", "0"]);
  await using _ = proxy;
  await (await fetch(`${url}/`)).text();
  const growth = await growthDuring(proxy.pid, async () => {
    const piece = new Uint8Array(65_536);
    let left = GB;
    const body = new ReadableStream({
      pull(controller) {
        const n = Math.min(left, piece.length);
        left -= n;
        controller.enqueue(piece.subarray(0, n));
        if (left === 0) controller.close();
      },
    });
    assertEquals(await (await fetch(`${url}/up`, { method: "POST", body })).text(), String(GB));
    let total = 0;
    const down = await fetch(`${url}/down?bytes=${GB}`);
    for await (const chunk of down.body ?? []) total += chunk.length;
    assertEquals(total, GB);
  });
  console.log(`grown by ${growth} KiB`);
  assert(growth < 32 * 1_024, `grown by ${growth} KiB`);
});

Deno.test("10,000 idle keep-alive connections fit into 150 MB, and a new client is served", async () => {
  await using upstream = bulkUpstream();
  const target = `http://127.0.0.1:${upstream.addr.port}`;
  // Both ends of ten thousand connections: the limits are raised for the two processes that hold them.
  await using proxy = new Running("prlimit", [
    "--nofile=12000:12000",
    BINARY,
    ...["proxy", "--listen", "127.0.0.1:0", "--upstream", target, "--max-connections", "20000", "--access-log", "off"],
  ]);
  const port = Number((await proxy.untilPrinted(/127\.0\.0\.1:(\d+)/))[1]);
  const raised = await new Deno.Command("prlimit", { args: ["--nofile=12000:12000", `--pid=${Deno.pid}`] }).output();
  assert(raised.success, "the test may raise its own limit");
  const conns: Deno.Conn[] = [];
  try {
    const request = new TextEncoder().encode("GET /down HTTP/1.1\r\nHost: idle.example\r\n\r\n");
    const buffer = new Uint8Array(1_024);
    for (let i = 0; i < 10_000; i++) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      conns.push(conn);
      await conn.write(request);
      for (let text = ""; !text.endsWith("0\r\n\r\n");) {
        const n = await conn.read(buffer);
        assert(n !== null, `connection ${i} was closed`);
        text += new TextDecoder().decode(buffer.subarray(0, n));
      }
    }
    const response = await fetch(`http://127.0.0.1:${port}/down`);
    assertEquals(await response.text(), "aaaaa");
    const memory = residentMemory(proxy.pid);
    console.log(`10,000 idle connections: ${memory} KiB`);
    assert(memory <= 150 * 1_024, `${memory} KiB`);
  } finally {
    for (const conn of conns) conn.close();
  }
});

const MODES: Record<string, readonly string[]> = {
  "slow heads": ["-H", "-i", "1", "-x", "8"],
  "slow bodies": ["-B", "-i", "1", "-s", "8192", "-x", "8"],
  "slow reading": ["-X", "-w", "10", "-y", "20", "-n", "2", "-z", "5", "-k", "3"],
};

for (const [name, mode] of Object.entries(MODES)) {
  Deno.test({
    name: `slowhttptest with ${name} disturbs nobody and is disconnected` +
      (installed("slowhttptest") ? "" : " (not here)"),
    ignore: !installed("slowhttptest"),
    async fn() {
      await using upstream = bulkUpstream();
      const timeouts = [
        "--header-timeout",
        "2",
        "--body-timeout",
        "2",
        "--write-timeout",
        "2",
        "--keepalive-timeout",
        "2",
      ];
      const { proxy, url } = await startProxy([
        "--upstream",
        `http://127.0.0.1:${upstream.addr.port}`,
        ...timeouts,
      ]);
      await using _ = proxy;
      const path = name === "slow reading" ? "/down?bytes=10000000" : "/";
      await using attack = new Running("slowhttptest", [
        ...mode,
        ...["-c", "200", "-r", "100", "-l", "12", "-p", "3", "-u", `${url}${path}`],
      ]);
      let served = 0;
      while (!attack.hasEnded) {
        const started = performance.now();
        const response = await fetch(`${url}/down`);
        assertEquals(await response.text(), "aaaaa");
        assert(performance.now() - started < 2_000, "others are served without waiting");
        served++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await attack.ended;
      assert(served > 20, `${served} requests were served meanwhile`);
      // All of the attack's descriptors are free again; a few connections to the upstream stay.
      await until("the connections are gone", () => [...Deno.readDirSync(`/proc/${proxy.pid}/fd`)].length < 40, 10_000);
      assertMatch(proxy.stdout, name === "slow heads" ? /" 408 / : /" (200|408|499) /);
    },
  });
}
