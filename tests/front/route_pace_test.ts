/** How often a route may be asked, and how fast it answers. */
import { assert, assertEquals } from "@std/assert";
import { plainRoute, type RateLimitOptions, type RouteOptions } from "../../lib/config/route_options.ts";
import { get } from "../http1/corpus/case.ts";
import { fieldOf, type RawClient } from "../support/raw_http.ts";
import { saying, toUpstream } from "../support/routes.ts";
import { TestDirectory } from "../support/stackd.ts";
import { TestFront } from "../support/test_front.ts";
import { answering, reply, TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

const TRUSTED = { unix: false, networks: ["127.0.0.1"] };

function limited(options: Partial<RateLimitOptions>, route: RouteOptions = saying("hello")): RouteOptions {
  const defaults: RateLimitOptions = { rate: 0.01, burst: 0, delay: false, key: { kind: "client" }, maxKeys: 100 };
  return { ...route, rateLimit: { ...defaults, ...options } };
}

/** Sends requests one after the other; gives the statuses. */
async function statuses(client: RawClient, ...requests: string[]): Promise<number[]> {
  const result = [];
  for (const request of requests) {
    await client.send(request);
    result.push((await client.response()).status);
  }
  return result;
}

Deno.test("rate-limit: what is above the rate gets 429 and when to come again", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({
    routes: [limited({ rate: 0.5 }, toUpstream(upstream)), saying("free", "/free")],
  });
  const client = await front.connect();
  assertEquals(await statuses(client, get()), [200]);
  await client.send(get());
  const refused = await client.response();
  assertEquals([refused.status, fieldOf(refused, "retry-after")], [429, "2"]);
  assertEquals(await statuses(client, get().replace("/ ", "/free ")), [200], "other routes are not limited");
  assertEquals(upstream.seen.length, 1);
  assertEquals((await front.log.entry(2)).status, 429);
});

Deno.test("rate-limit: a burst passes at once", async () => {
  await using front = new TestFront({ routes: [limited({ burst: 2 })] });
  const client = await front.connect();
  const start = performance.now();
  assertEquals(await statuses(client, get(), get(), get(), get(), get()), [200, 200, 200, 429, 429]);
  assert(performance.now() - start < 5_000, "nobody waited for the rate, which is one in 100 s");
});

Deno.test("rate-limit: a burst can be delayed to the rate", async () => {
  const TURN = 200;
  await using upstream = new TestUpstream();
  await using front = new TestFront({
    routes: [limited({ rate: 1_000 / TURN, burst: 2, delay: true }, toUpstream(upstream))],
  });
  const clients = [];
  for (let i = 0; i < 4; i++) clients.push(await front.connect());
  const start = performance.now();
  const done = clients.map(async (client) => {
    await client.send(get());
    const { status } = await client.response();
    return { status, elapsed: performance.now() - start };
  });
  const results = (await Promise.all(done)).sort((one, other) => one.elapsed - other.elapsed);
  const served = results.filter(({ status }) => status === 200);
  assertEquals(results.map(({ status }) => status).toSorted(), [200, 200, 200, 429]);
  for (const [turn, { elapsed }] of served.entries()) {
    // A turn is rounded to a millisecond.
    assert(elapsed >= turn * TURN - 1, `turn ${turn} after ${elapsed} ms`);
    assert(elapsed <= 3 * Math.max(turn, 1) * TURN, `turn ${turn} after ${elapsed} ms`);
  }
  assertEquals(upstream.seen.length, 3);
});

Deno.test("rate-limit: each key has its own", async (t) => {
  const one = get("X-Key: 1", "Cookie: a=b; id=1"), two = get("X-Key: 2", "Cookie: id=2"), none = get();
  const host = get().replace("a.example", "b.example"), path = get().replace("/ ", "/other ");
  const cases: [key: RateLimitOptions["key"], requests: string[], expected: number[]][] = [
    [{ kind: "field", name: "X-Key" }, [one, two, one, two, none, none], [200, 200, 429, 429, 200, 429]],
    [{ kind: "cookie", name: "id" }, [one, two, one, none], [200, 200, 429, 200]],
    [{ kind: "host" }, [none, host, none, host], [200, 200, 429, 429]],
    [{ kind: "uri" }, [none, path, none, path], [200, 200, 429, 429]],
    [{ kind: "client" }, [one, two, host, path], [200, 429, 429, 429]],
  ];
  for (const [key, requests, expected] of cases) {
    await t.step(JSON.stringify(key), async () => {
      await using front = new TestFront({ routes: [limited({ key })] });
      assertEquals(await statuses(await front.connect(), ...requests), expected);
    });
  }
});

Deno.test("rate-limit: other clients are unaffected, and who is not trusted cannot be another", async () => {
  const from = (address: string) => get(`X-Forwarded-For: ${address}`);
  const requests = [from("203.0.113.1"), from("203.0.113.1"), from("203.0.113.2"), from("203.0.113.2")];
  await using trusting = new TestFront({ routes: [limited({})], trustedProxies: TRUSTED });
  assertEquals(await statuses(await trusting.connect(), ...requests), [200, 429, 200, 429]);
  await using front = new TestFront({ routes: [limited({})] });
  assertEquals(await statuses(await front.connect(), ...requests), [200, 429, 429, 429]);
});

Deno.test("rate-limit: a client that leaves while it is delayed is logged as 499 and reaches no upstream", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({ routes: [limited({ burst: 2, delay: true }, toUpstream(upstream))] });
  const client = await front.connect();
  assertEquals(await statuses(client, get()), [200]);
  const waiting = await front.connect();
  await waiting.send(get());
  const start = performance.now();
  waiting.close();
  assertEquals((await front.log.entry(2)).status, 499);
  assert(performance.now() - start < 5_000, "at once, not when its turn comes");
  assertEquals([upstream.requests.length, front.errors.text], [1, ""]);
});

/** Bytes per second, and bodies that take a second of it. */
const RATE = 200_000, BODY = "x".repeat(RATE);
/** The first 100 ms' worth may go at once. */
const LEAST = 900, MOST = 3_000;

Deno.test("bandwidth: a body takes its size by the rate", async (t) => {
  using directory = new TestDirectory();
  directory.write("large.txt", BODY);
  const chunks = BODY.replaceAll(/x{20000}/g, "4e20\r\n$&\r\n");
  await using plain = new TestUpstream(answering(reply(BODY)));
  await using chunked = new TestUpstream(
    answering(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`),
  );
  const routes: [name: string, route: RouteOptions][] = [
    ["from an upstream", toUpstream(plain)],
    ["in chunks", toUpstream(chunked)],
    ["a file", plainRoute("/", { kind: "static", root: directory.path })],
    ["an answer of ours", saying(BODY)],
  ];
  for (const [name, route] of routes) {
    await t.step(name, async () => {
      await using front = new TestFront({ routes: [{ ...route, bandwidth: RATE }, saying(BODY, "/free")] });
      const client = await front.connect();
      const start = performance.now();
      await client.send(get().replace("/ ", "/large.txt "));
      const { body } = await client.response();
      const elapsed = performance.now() - start;
      assert(body === BODY);
      assert(elapsed >= LEAST && elapsed <= MOST, `after ${elapsed} ms`);
      assertEquals((await front.log.entry()).bytes, BODY.length);
      const next = performance.now();
      assertEquals(await statuses(client, get().replace("/ ", "/free ")), [200]);
      assert(performance.now() - next < LEAST, "the next answer of the connection is not slowed down");
    });
  }
});

Deno.test("bandwidth: each answer has its own", async () => {
  await using front = new TestFront({ routes: [{ ...saying(BODY), bandwidth: RATE }, saying(BODY, "/free")] });
  const clients = [await front.connect(), await front.connect(), await front.connect()];
  const start = performance.now();
  for (const client of clients) await client.send(get());
  const free = await front.connect();
  await free.send(get().replace("/ ", "/free "));
  assert((await free.response()).body === BODY);
  assert(performance.now() - start < LEAST, "another route is not slowed down");
  for (const client of clients) assert((await client.response()).body === BODY);
  assert(performance.now() - start <= MOST, "three answers take as long as one");
});

Deno.test("bandwidth: a client that leaves ends its answer", async () => {
  await using upstream = new TestUpstream(answering(reply("x".repeat(100_000))));
  await using front = new TestFront({ routes: [{ ...toUpstream(upstream), bandwidth: 1_000 }] });
  const client = await front.connect();
  await client.send(get());
  assertEquals((await client.head()).status, 200);
  const start = performance.now();
  client.close();
  assertEquals((await front.log.entry()).status, 499);
  assert(performance.now() - start < 5_000, "not when all of it has been sent, after 100 s");
  await until("the upstream's connection has ended", () => upstream.open === 0);
});
