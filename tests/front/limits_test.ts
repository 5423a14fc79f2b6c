/** How much one client, and all of them together, may take. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { get, head, post } from "../http1/corpus/case.ts";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { Running } from "../support/stackd.ts";
import { TestFront } from "../support/test_front.ts";
import { TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

Deno.test("a connection serves so many requests; the last answer says that it is the last", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, limits: { keepaliveRequests: 3 } });
  const client = await front.connect();
  for (let i = 1; i <= 3; i++) {
    await client.send(get());
    assertEquals(fieldOf(await client.response(), "connection"), i === 3 ? "close" : null);
  }
  assertEquals(await client.end(), { rest: "", how: "eof" });
});

Deno.test("a connection beyond the limit is told 503 and when to come again", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, limits: { maxConnections: 2 } });
  const first = await front.connect(), second = await front.connect();
  for (const client of [first, second]) {
    await client.send(get());
    assertEquals((await client.response()).status, 200);
  }
  const third = await front.connect();
  const refused = await third.response();
  assertEquals(refused.status, 503);
  assertMatch(fieldOf(refused, "retry-after") ?? "", /^\d+$/);
  assertEquals(fieldOf(refused, "connection"), "close");
  assertEquals(await third.end(), { rest: "", how: "eof" });
  third.close();
  first.close();
  await until("there is room again", async () => {
    using client = await front.connect();
    await client.send(get()).catch(() => {});
    return (await client.response()).status === 200;
  });
});

Deno.test("a refused client that has sent its request already reads why", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, limits: { maxConnections: 1 } });
  const first = await front.connect();
  await first.send(get());
  await first.response();
  using refused = await RawClient.connect(front.address);
  await refused.send(post("Content-Length: 100000") + "x".repeat(100_000));
  assertEquals((await refused.response()).status, 503);
});

Deno.test("one address may be held to fewer connections than all together", async (t) => {
  const v6 = hasIpv6();
  await t.step({
    name: v6 ? "IPv4 and IPv6" : "IPv4 and IPv6 (skipped: this machine has no ::1)",
    ignore: !v6,
    async fn() {
      await using upstream = new TestUpstream();
      await using front = new TestFront({
        upstream,
        limits: { maxConnectionsPerClient: 1 },
        listen: { transport: "tcp", hostname: "", port: 0 },
      });
      const { address } = front;
      assert(address.transport === "tcp");
      const connect = (hostname: string) => RawClient.connect({ ...address, hostname });
      using first = await connect("127.0.0.1");
      await first.send(get());
      assertEquals((await first.response()).status, 200);
      assertEquals(upstream.requests[0].fields.find(([name]) => name === "X-Real-IP")?.[1], "127.0.0.1");
      using second = await connect("127.0.0.1");
      assertEquals((await second.response()).status, 503);
      using other = await connect("::1");
      await other.send(get());
      assertEquals((await other.response()).status, 200);
    },
  });
});

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test("a body that is too large is refused although its client sends all of it first", async (t) => {
  const size = 10_000_000;
  const bodies = [
    ["with a length", post(`Content-Length: ${size}`) + "x".repeat(size)],
    ["chunked", post("Transfer-Encoding: chunked") + `${size.toString(16)}\r\n${"x".repeat(size)}\r\n0\r\n\r\n`],
  ] as const;
  for (const [name, bytes] of bodies) {
    await t.step(name, async () => {
      await using upstream = new TestUpstream();
      await using front = new TestFront({ upstream });
      const client = await front.connect();
      await client.send(bytes);
      const response = await client.response();
      assertEquals(response.status, 413);
      assertEquals(fieldOf(response, "connection"), "close");
      assertEquals(await client.end(), { rest: "", how: "eof" });
      assertEquals(upstream.seen, []);
      assertEquals((await front.log.entry()).status, 413);
    });
  }
});

Deno.test("a client that waits for 100 Continue", async (t) => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ upstream, limits: { maxBody: 10 } });
  const expecting = (...lines: string[]) => post("Expect: 100-continue", ...lines);
  await t.step("is told to go on", async () => {
    const client = await front.connect();
    await client.send(expecting("Content-Length: 5"));
    assertEquals((await client.head()).status, 100);
    await client.send("hello");
    assertEquals((await client.response()).status, 200);
    assertEquals(upstream.requests.at(-1)?.body, "hello");
  });
  await t.step("is told to go on with chunks", async () => {
    const client = await front.connect();
    await client.send(expecting("Transfer-Encoding: chunked"));
    assertEquals((await client.head()).status, 100);
    await client.send("5\r\nhello\r\n0\r\n\r\n");
    assertEquals((await client.response()).status, 200);
  });
  await t.step("is told once", async () => {
    const client = await front.connect();
    await client.send(expecting("Content-Length: 2"));
    assertEquals((await client.head()).status, 100);
    await client.send("h");
    await client.send("i");
    const { status, interim } = await client.response();
    assertEquals({ status, interim }, { status: 200, interim: [] });
  });
  await t.step("is refused at once when its body would be too large", async () => {
    const client = await front.connect();
    await client.send(expecting("Content-Length: 11"));
    const { status, interim } = await client.response();
    assertEquals({ status, interim }, { status: 413, interim: [] });
    assertEquals((await client.end()).rest, "");
  });
  await t.step("is answered at once where no route leads", async () => {
    await using without = new TestFront();
    const client = await without.connect();
    await client.send(expecting("Content-Length: 5"));
    const { status, interim } = await client.response();
    assertEquals({ status, interim }, { status: 404, interim: [] });
    assertEquals((await client.end()).rest, "");
  });
  await t.step("is told nothing on HTTP/1.0", async () => {
    const client = await front.connect();
    await client.send(head("POST / HTTP/1.0", "Host: a", "Expect: 100-continue", "Content-Length: 2"));
    await client.send("hi");
    const { status, interim } = await client.response();
    assertEquals({ status, interim }, { status: 200, interim: [] });
  });
});

Deno.test("a front that runs out of descriptors goes on when there are some again", async () => {
  const main = fromFileUrl(import.meta.resolve("./bare_front.ts"));
  await using process = new Running("/bin/sh", [
    "-c",
    // Looking for a newer Deno, it would panic without a descriptor.
    'ulimit -n 64; export DENO_NO_UPDATE_CHECK=1; exec "$0" "$@"',
    Deno.execPath(),
    "run",
    "-A",
    main,
  ]);
  const [, port] = await process.untilPrinted(/port (\d+)/);
  const address = { transport: "tcp", hostname: "127.0.0.1", port: Number(port) } as const;
  const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(address)));
  await process.until(
    "it cannot accept any more",
    () => /Cannot accept a connection on .*; trying on/.test(process.stderr),
  );
  await clients[0].send(get());
  assertEquals((await clients[0].response()).status, 404, "who was accepted is served meanwhile");
  for (const client of clients) client.close();
  using client = await RawClient.connect(address);
  await client.send(get());
  assertEquals((await client.response()).status, 404);
  const { stderr } = await process.stop("SIGKILL");
  assertEquals(stderr.match(/Cannot accept/g)?.length, 1, "it is said once, not at every attempt");
});
