/** The PROXY protocol on a front's listener: whose a connection is, and what becomes of one that does not say. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { get } from "../http1/corpus/case.ts";
import { fieldOf, type RawClient } from "../support/raw_http.ts";
import { saying } from "../support/routes.ts";
import { TestFront, type TestFrontOptions } from "../support/test_front.ts";
import { TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

const LISTEN = { transport: "tcp", hostname: "127.0.0.1", port: 0, proxyProtocol: true } as const;
const LIMIT = 300;

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
/** From 203.0.113.9:4660 to 198.51.100.2:443. */
const ADDRESSES = "\xcb\x00\x71\x09\xc6\x33\x64\x02\x12\x34\x01\xbb";
const V1 = "PROXY TCP4 203.0.113.9 198.51.100.2 4660 443\r\n";
const V2 = `${SIGNATURE}\x21\x11\0\x0c${ADDRESSES}`;
const V1_IPV6 = "PROXY TCP6 2001:DB8::9 ::1 4660 443\r\n", UNKNOWN = "PROXY UNKNOWN\r\n";
const LOCAL = `${SIGNATURE}\x20\0\0\0`;

/** A header for a client of this address. */
const of = (address: string) => `PROXY TCP4 ${address} 198.51.100.2 4660 443\r\n`;

function front(options: TestFrontOptions = {}): TestFront {
  return new TestFront({ routes: options.upstream === undefined ? [saying("hello")] : [], listen: LISTEN, ...options });
}

async function answered(client: RawClient): Promise<number> {
  return (await client.response()).status;
}

Deno.test("a PROXY header says who the client is", async (t) => {
  const cases: [name: string, header: string, address: string][] = [
    ["version 1, IPv4", V1, "203.0.113.9"],
    ["version 1, IPv6", V1_IPV6, "2001:db8::9"],
    ["version 2", V2, "203.0.113.9"],
    ["version 2 with an extension", `${SIGNATURE}\x21\x11\0\x11${ADDRESSES}\x04\0\x02\r\n`, "203.0.113.9"],
    ["version 1, unknown: the peer counts", UNKNOWN, "127.0.0.1"],
    ["version 2, local: the peer counts", LOCAL, "127.0.0.1"],
  ];
  for (const [name, header, address] of cases) {
    for (const separate of [false, true]) {
      await t.step(`${name}, the request ${separate ? "in a later packet" : "in the same packet"}`, async () => {
        await using upstream = new TestUpstream();
        await using running = front({ upstream });
        const client = await running.connect();
        await client.sendPieces(header + get() + get(), separate ? [header.length] : []);
        for (let n = 1; n <= 2; n++) {
          assertEquals(await answered(client), 200);
          const seen = await upstream.request(n);
          assertEquals([fieldOf(seen, "x-forwarded-for"), fieldOf(seen, "x-real-ip")], [address, address]);
          assertEquals((await running.log.entry(n)).remoteAddress, address);
        }
        assertEquals(running.errors.text, "");
      });
    }
  }
});

Deno.test("a PROXY header is understood wherever it is cut", async (t) => {
  for (const [name, header] of [["version 1", V1], ["version 2", V2]] as const) {
    await t.step(name, async () => {
      await using running = front();
      const bytes = header + get();
      for (let cut = 1; cut <= header.length + 20; cut++) {
        const client = await running.connect();
        await client.sendPieces(bytes, [cut]);
        assertEquals(await answered(client), 200, `cut at ${cut}`);
        assertEquals((await running.log.entry(cut)).remoteAddress, "203.0.113.9", `cut at ${cut}`);
        client.close();
      }
      const client = await running.connect();
      await client.sendPieces(bytes, Array.from(bytes, (_, i) => i + 1));
      assertEquals(await answered(client), 200, "every byte by itself");
    });
  }
});

Deno.test("a header and a request with a body in one packet are all taken", async () => {
  await using upstream = new TestUpstream();
  await using running = front({ upstream });
  const client = await running.connect();
  const body = "x".repeat(20_000);
  await client.send(`${V1}POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}${get()}`);
  assertEquals([await answered(client), await answered(client)], [200, 200]);
  assert(upstream.requests[0].body === body);
});

Deno.test("a second header on the same connection is no request", async () => {
  await using running = front();
  const client = await running.connect();
  await client.send(V1 + get() + V1 + get());
  assertEquals([await answered(client), await answered(client)], [200, 400]);
});

Deno.test("a connection without a PROXY header is closed without an answer, and the error log says so", async (t) => {
  const cases: [name: string, bytes: string, why: string][] = [
    ["a request", get(), "the connection does not begin with a PROXY header"],
    ["TLS", "\x16\x03\x01\x02\0\x01", "the connection does not begin with a PROXY header"],
    ["a header that is no good", "PROXY TCP4 203.0.113.999 1.2.3.4 1 2\r\n" + get(), ""],
    ["a header of version 2 that is no good", `${SIGNATURE}\x31\x11\0\x0c${ADDRESSES}`, ""],
  ];
  for (const [name, bytes, why] of cases) {
    await t.step(name, async () => {
      await using running = front();
      const client = await running.connect();
      await client.send(bytes);
      assertEquals((await client.end()).rest, "");
      await until("the error log has a line", () => running.errors.text !== "");
      assertStringIncludes(running.errors.text, `[warn] Closed a connection of 127.0.0.1: ${why}`);
      assertEquals(running.log.entries, []);
      const next = await running.connect();
      await next.send(V1 + get());
      assertEquals(await answered(next), 200, "others are served");
    });
  }
});

Deno.test("a PROXY header that does not come in time is waited for no longer", async (t) => {
  for (const [name, bytes] of [["nothing", ""], ["half of one", "PROXY TCP4 203."], ["half of one", SIGNATURE]]) {
    await t.step(`${name} (${JSON.stringify(bytes)})`, async () => {
      await using running = front({ limits: { headerTimeout: LIMIT } });
      const start = performance.now();
      const client = await running.connect();
      if (bytes !== "") await client.send(bytes);
      assertEquals(await client.end(), { rest: "", how: "eof" });
      const elapsed = performance.now() - start;
      assert(elapsed >= LIMIT && elapsed <= 3 * LIMIT, `${elapsed}`);
      assertEquals([running.log.entries, running.errors.text], [[], ""]);
    });
  }
});

Deno.test("a client that leaves before its header is nobody's concern, and frees its place", async () => {
  await using running = front({ limits: { maxConnections: 1 } });
  for (const bytes of ["", "PROXY", V1]) {
    const client = await running.connect();
    if (bytes !== "") await client.send(bytes);
    client.close();
  }
  await until("there is a place again", async () => {
    const client = await running.connect();
    await client.send(V1 + get()).catch(() => {});
    const status = await answered(client);
    client.close();
    return status === 200;
  });
  assert(!running.errors.text.includes("Closed a connection"));
});

Deno.test("connections that have not shown a header count among all", async () => {
  await using running = front({ limits: { maxConnections: 2 } });
  const waiting = [await running.connect(), await running.connect()];
  const third = await running.connect();
  assertEquals(await answered(third), 503);
  for (const client of waiting) {
    await client.send(V1 + get());
    assertEquals(await answered(client), 200);
  }
});

Deno.test("the limit for one client counts the header's address", async () => {
  await using running = front({ limits: { maxConnectionsPerClient: 1 } });
  const open = async (header: string) => {
    const client = await running.connect();
    await client.send(header + get()).catch(() => {});
    return { client, status: await answered(client) };
  };
  const first = await open(of("203.0.113.1"));
  assertEquals(first.status, 200);
  assertEquals((await open(of("203.0.113.1"))).status, 503);
  assertEquals((await open(of("203.0.113.2"))).status, 200);
  // Both count as the peer, which is one client.
  assertEquals((await open(UNKNOWN)).status, 200);
  assertEquals((await open(LOCAL)).status, 503);
  first.client.close();
  await until("the first client may come again", async () => {
    const { client, status } = await open(of("203.0.113.1"));
    client.close();
    return status === 200;
  });
});

Deno.test("the header's address, not the peer's, decides whose forwarding fields are believed", async () => {
  await using upstream = new TestUpstream();
  await using running = front({ upstream, trustedProxies: { unix: false, networks: ["127.0.0.1", "10.0.0.0/8"] } });
  for (const [n, address] of ["203.0.113.9", "10.0.0.1"].entries()) {
    const client = await running.connect();
    await client.send(of(address) + get("X-Forwarded-For: 6.6.6.6"));
    assertEquals(await answered(client), 200);
    const expected = n === 0 ? address : `6.6.6.6, ${address}`;
    assertEquals(fieldOf(await upstream.request(n + 1), "x-forwarded-for"), expected);
  }
});

Deno.test("a listener without the option takes a PROXY header for a bad request", async () => {
  await using running = new TestFront({ routes: [saying("hello")] });
  const client = await running.connect();
  await client.send(V1 + get());
  assertEquals(await answered(client), 400);
});

Deno.test("a front that closes does not wait for headers", async () => {
  await using running = front();
  const client = await running.connect();
  await client.send("PROXY TCP4");
  const other = await running.connect();
  await other.send(V1 + get());
  assertEquals(await answered(other), 200);
  running.front.close();
  assertEquals((await client.end()).rest, "");
  assert(!running.errors.text.includes("Closed a connection"));
});
