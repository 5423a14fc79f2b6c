/** Requests' bodies that are received whole before a server is asked: all of a body arrives, and nobody waits with a slow client. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { RouteOptions } from "../../lib/config/route_options.ts";
import { post } from "../http1/corpus/case.ts";
import { fieldOf } from "../support/raw_http.ts";
import { TestFront } from "../support/test_front.ts";
import { groupOf, routeTo } from "../support/test_group.ts";
import { answering, reply, TestUpstream } from "../support/test_upstream.ts";
import { TestUwsgi } from "../support/test_uwsgi.ts";
import { until } from "../support/until.ts";

/** More than is kept in memory, and no multiple of it. */
const LARGE = "0123456789abcdef!".repeat(30_000);
const SIZES = [1, 5_000, 65_535, 65_536, 65_537, LARGE.length];

function buffering(upstream: Pick<TestUpstream, "target">, changes: Partial<RouteOptions> = {}): RouteOptions {
  return { ...routeTo(groupOf([upstream])), bufferRequests: true, ...changes };
}

function inChunks(body: string, size: number): string {
  let chunks = "";
  for (let at = 0; at < body.length; at += size) {
    const piece = body.slice(at, at + size);
    chunks += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return `${chunks}0\r\n\r\n`;
}

Deno.test("a body of any length and framing arrives whole, with its length", async (t) => {
  await using upstream = new TestUpstream(answering(reply("ok")));
  await using uwsgi = new TestUwsgi();
  await using front = new TestFront({
    routes: [buffering(upstream), { ...routeTo(groupOf([uwsgi]), "/uwsgi") }],
    limits: { maxBody: 0 },
  });
  const client = await front.connect();
  let requests = 0;
  for (const size of SIZES) {
    await t.step(`${size} bytes`, async () => {
      const body = LARGE.slice(0, size);
      for (const framed of [false, true]) {
        const request = framed
          ? post("Transfer-Encoding: chunked") + inChunks(body, 7_001)
          : post(`Content-Length: ${size}`) + body;
        await client.send(request);
        assertEquals((await client.response()).body, "ok");
        await client.send(request.replace("/p", "/uwsgi"));
        assertEquals((await client.response()).body, "ok");
        const seen = upstream.requests[requests], packet = uwsgi.requests[requests++];
        assert(seen.body === body && packet.body === body, "the body has come whole");
        assertEquals([fieldOf(seen, "content-length"), fieldOf(seen, "transfer-encoding")], [String(size), null]);
        assertEquals(packet.vars.get("CONTENT_LENGTH"), String(size));
      }
    });
  }
  assertEquals(upstream.connections, 1, "a connection is used again after a body that was kept");
});

Deno.test("what follows a body that was kept is the next request", async () => {
  await using upstream = new TestUpstream(answering(reply("ok")));
  await using front = new TestFront({ routes: [buffering(upstream)] });
  const client = await front.connect();
  const chunked = post("Transfer-Encoding: chunked") + inChunks(LARGE.slice(0, 100_000), 30_000);
  const sized = post("Content-Length: 100000") + LARGE.slice(0, 100_000);
  await client.send(chunked + sized + chunked + post("Content-Length: 0"));
  for (let i = 0; i < 4; i++) assertEquals((await client.response()).status, 200);
  assertEquals(upstream.requests.map(({ body }) => body.length), [100_000, 100_000, 100_000, 0]);
});

Deno.test("a server is not asked before the body is there", async (t) => {
  await using upstream = new TestUpstream(answering(reply("ok")));
  await using uwsgi = new TestUwsgi();
  const servers = [["HTTP", upstream, buffering(upstream)], ["uwsgi", uwsgi, routeTo(groupOf([uwsgi]))]] as const;
  for (const [name, server, route] of servers) {
    await t.step(name, async () => {
      await using front = new TestFront({ routes: [route, routeTo(groupOf([server]), "/quick")] });
      const slow = await front.connect(), quick = await front.connect();
      await slow.send(post("Expect: 100-continue", `Content-Length: ${LARGE.length}`));
      assertEquals(await slow.through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
      await slow.send(LARGE.slice(0, -1));
      // Whoever came to the server by now came for somebody else.
      await quick.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals((await quick.response()).body, "ok");
      assertEquals(server.connections, 1);
      await slow.send(LARGE.slice(-1));
      assertEquals((await slow.response()).body, "ok");
    });
  }
});

Deno.test("a body goes to a uwsgi server as it comes when it is told to, and has a length", async () => {
  const begun = Promise.withResolvers<void>();
  await using uwsgi = new TestUwsgi(async (_, peer) => {
    begun.resolve();
    await peer.body();
    await peer.write("HTTP/1.1 200 OK\r\n\r\nok");
  });
  await using front = new TestFront({ routes: [{ ...routeTo(groupOf([uwsgi])), bufferRequests: false }] });
  const client = await front.connect();
  await client.send(post("Content-Length: 4") + "ab");
  await begun.promise;
  await client.send("cd");
  assertEquals((await client.response()).body, "ok");
  await client.send(post("Transfer-Encoding: chunked") + "2\r\nab\r\n");
  assertEquals(uwsgi.connections, 1, "a body without a length is received first all the same");
  await client.send("0\r\n\r\n");
  assertEquals((await client.response()).body, "ok");
  assertEquals(uwsgi.requests.map(({ vars, body }) => [vars.get("CONTENT_LENGTH"), body]), [["4", "abcd"], [
    "2",
    "ab",
  ]]);
});

Deno.test("a body that is too large, malformed or given up is nobody's business but the client's", async (t) => {
  const max = 100_000;
  const cases: readonly (readonly [name: string, bytes: string, status: number])[] = [
    ["a length that is too large", post(`Content-Length: ${max + 1}`), 413],
    ["chunks that become too many", post("Transfer-Encoding: chunked") + inChunks(LARGE.slice(0, max + 1), 9_999), 413],
    ["a chunk that is none", post("Transfer-Encoding: chunked") + "2\r\nab\r\nx\r\n", 400],
  ];
  await using upstream = new TestUpstream();
  await using front = new TestFront({ routes: [buffering(upstream)], limits: { maxBody: max } });
  for (const [name, bytes, status] of cases) {
    await t.step(name, async () => {
      const client = await front.connect();
      await client.send(bytes);
      assertEquals((await client.response()).status, status);
    });
  }
  await t.step("a client that leaves", async () => {
    const client = await front.connect();
    await client.send(post("Content-Length: 99999") + LARGE.slice(0, 70_000));
    client.close();
    assertEquals((await front.log.entry(cases.length + 1)).status, 499);
  });
  await t.step("a client that is too slow", async () => {
    await using front = new TestFront({ routes: [buffering(upstream)], limits: { bodyTimeout: 200 } });
    const client = await front.connect();
    await client.send(post("Content-Length: 2") + "a");
    assertEquals((await client.response()).status, 408);
  });
  assertEquals(upstream.connections, 0);
  assertEquals(front.errors.text, "");
});

Deno.test("a server that answers early gets no more of the body, and its answer passes", async () => {
  await using uwsgi = new TestUwsgi((_, peer) => peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"));
  await using front = new TestFront({ upstream: uwsgi, limits: { maxBody: 0 } });
  const client = await front.connect();
  for (const length of [20_000_000, 5_000, 20_000_000]) {
    await client.send(post(`Content-Length: ${length}`) + "x".repeat(length));
    const { status, body: said } = await client.response();
    assertEquals([status, said], [403, "no"]);
  }
});

Deno.test("a body that cannot be kept is a 507, with the reason in the log", async () => {
  const directory = Deno.env.get("TMPDIR");
  await using upstream = new TestUpstream();
  await using front = new TestFront({ routes: [buffering(upstream)] });
  const client = await front.connect();
  Deno.env.set("TMPDIR", "/nonexistent/of a test");
  try {
    await client.send(post("Content-Length: 3") + "a");
    await client.send("bc");
    assertEquals((await client.response()).status, 200, "small ones need no disk");
    await client.send(post(`Content-Length: ${LARGE.length}`) + LARGE);
    assertEquals((await client.response()).status, 507);
  } finally {
    if (directory === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", directory);
  }
  await until("it is logged", () => front.errors.text !== "");
  assertStringIncludes(front.errors.text, 'Cannot make a file for a body in "/nonexistent/of a test": No such file');
  assertEquals(upstream.connections, 1);
});
