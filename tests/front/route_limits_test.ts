/** What a route limits, refuses and shows instead, each key by its effect on real sockets. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type ErrorPage, plainRoute, type RouteOptions } from "../../lib/config/route_options.ts";
import { get, head, post } from "../http1/corpus/case.ts";
import { fieldOf, latin1, type RawResponse } from "../support/raw_http.ts";
import { NOBODY, saying, toUpstream } from "../support/routes.ts";
import { TestDirectory } from "../support/stackd.ts";
import { TestFront, type TestFrontOptions } from "../support/test_front.ts";
import { answering, reply, TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";

const LIMIT = 300;

/** One request to one route; gives its answer. */
async function ask(route: RouteOptions, request: string, options: TestFrontOptions = {}): Promise<RawResponse> {
  await using front = new TestFront({ routes: [route], ...options });
  const client = await front.connect();
  await client.send(request);
  return await client.response({ toHead: request.startsWith("HEAD") });
}

function assertInTime(start: number): void {
  const elapsed = performance.now() - start;
  assert(elapsed >= LIMIT && elapsed <= 3 * LIMIT, `after ${elapsed} ms`);
}

const lengthed = (n: number) => `${post(`Content-Length: ${n}`)}${"x".repeat(n)}`;
const chunked = (n: number) =>
  `${post("Transfer-Encoding: chunked")}${n.toString(16)}\r\n${"x".repeat(n)}\r\n0\r\n\r\n`;

Deno.test("max-body", async (t) => {
  const cases: [route: number | null, front: number, body: number, status: number][] = [
    [null, 10, 10, 200],
    [null, 10, 11, 413],
    [5, 10, 5, 200],
    [5, 10, 6, 413],
    [20, 10, 20, 200],
    [20, 10, 21, 413],
    [0, 10, 100_000, 200],
    [5, 0, 6, 413],
  ];
  for (const [maxBody, front, body, status] of cases) {
    await t.step(`${body} bytes → ${status}, when the route has ${maxBody} and the front ${front}`, async () => {
      for (const request of [lengthed(body), chunked(body)]) {
        await using upstream = new TestUpstream();
        const response = await ask({ ...toUpstream(upstream), maxBody }, request, { limits: { maxBody: front } });
        assertEquals(response.status, status);
        if (status === 200) assertEquals(upstream.requests[0].body.length, body);
        else assertEquals(upstream.seen, []);
      }
    });
  }
  await t.step("a request's limit is its own route's", async () => {
    await using upstream = new TestUpstream();
    await using front = new TestFront({
      routes: [toUpstream(upstream), { ...toUpstream(upstream, "/p"), maxBody: 2 }],
    });
    const client = await front.connect();
    await client.send(lengthed(2) + lengthed(3).replace("/p ", "/q ") + lengthed(3));
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await client.response()).status);
    assertEquals(statuses, [200, 200, 413]);
  });
});

Deno.test("body-timeout", async () => {
  await using upstream = new TestUpstream();
  await using front = new TestFront({
    routes: [toUpstream(upstream), { ...toUpstream(upstream, "/p"), bodyTimeout: LIMIT }],
    limits: { bodyTimeout: 60_000 },
  });
  const patient = await front.connect(), late = await front.connect();
  // The connection's first request had the short one: the second has the front's.
  await patient.send(lengthed(2));
  assertEquals((await patient.response()).status, 200);
  await patient.send(post("Content-Length: 4").replace("/p ", "/q ") + "hi");
  await upstream.request(2);
  const start = performance.now();
  await late.send(post("Content-Length: 4") + "hi");
  const response = await late.response();
  assertInTime(start);
  assertEquals([response.status, fieldOf(response, "connection")], [408, "close"]);
  assertEquals((await front.log.entry(2)).status, 408);
  await patient.send("ho");
  assertEquals((await patient.response()).status, 200);
});

Deno.test("upstream-timeout", async () => {
  await using upstream = new TestUpstream(() => {});
  const slow: RouteOptions = { ...toUpstream(upstream), upstreamTimeout: LIMIT };
  await using front = new TestFront({ routes: [slow, toUpstream(upstream, "/patient")] });
  const patient = await front.connect(), client = await front.connect();
  await patient.send(get().replace("/ ", "/patient "));
  await upstream.request();
  const start = performance.now();
  await client.send(get());
  assertEquals((await client.response()).status, 504);
  assertInTime(start);
  assertStringIncludes(front.errors.text, "the upstream did not answer in time");
  await until("its request is aborted", () => upstream.open === 1);
  // The other request has waited longer, and waits on.
  assertEquals(front.log.entries.map(({ status }) => status), [504]);
});

function page(from: number, to: number, body: string): ErrorPage {
  return { from, to, path: "/unused", body: latin1(body), contentType: "text/html; charset=utf-8" };
}

Deno.test("error-pages", async (t) => {
  using directory = new TestDirectory();
  directory.write("a.txt", "hello");
  const errorPages = [page(404, 404, "<p>404</p>"), page(413, 413, "<p>413</p>"), page(400, 499, "<p>4xx</p>")];
  const files = { ...plainRoute("/", { kind: "static", root: directory.path }), errorPages };
  const assertPage = (response: RawResponse, status: number, body: string) => {
    assertEquals([response.status, response.body], [status, body]);
    assertEquals(fieldOf(response, "content-type"), "text/html; charset=utf-8");
    assertEquals(fieldOf(response, "cache-control"), "no-store");
  };
  await t.step("a missing file", async () => {
    assertPage(await ask(files, get().replace("/ ", "/none ")), 404, "<p>404</p>");
    const toHead = await ask(files, head("HEAD /none HTTP/1.1", "Host: a"));
    assertEquals([toHead.status, fieldOf(toHead, "content-length")], [404, "10"]);
  });
  await t.step("what the answer says beyond its status stays", async () => {
    const response = await ask(files, post().replace("/p ", "/a.txt "));
    assertPage(response, 405, "<p>4xx</p>");
    assertEquals(fieldOf(response, "allow"), "GET, HEAD");
  });
  await t.step("a file is no error", async () => {
    assertEquals((await ask(files, get().replace("/ ", "/a.txt "))).body, "hello");
  });
  await t.step("an upstream that cannot be reached", async () => {
    const route = toUpstream(NOBODY);
    assertPage(await ask({ ...route, errorPages: [page(500, 599, "<p>5xx</p>")] }, get()), 502, "<p>5xx</p>");
    assertMatch((await ask({ ...route, errorPages }, get())).body, /^502 Bad Gateway\n/);
    const overlapping = [page(502, 502, "first"), page(500, 599, "second")];
    assertPage(await ask({ ...route, errorPages: overlapping }, get()), 502, "first");
    assertPage(await ask({ ...route, errorPages: overlapping.toReversed() }, get()), 502, "second");
  });
  await t.step("a body that is too large", async () => {
    assertPage(await ask({ ...toUpstream(NOBODY), maxBody: 1, errorPages }, lengthed(2)), 413, "<p>413</p>");
  });
  await t.step("a client that may not ask", async () => {
    const denied = { ...saying("secret"), access: { allow: [], deny: ["127.0.0.1"] }, errorPages };
    assertPage(await ask(denied, get()), 403, "<p>4xx</p>");
  });
  await t.step("an upstream's own errors pass as they are, and so do answers that are configured", async () => {
    await using upstream = new TestUpstream(answering(reply("theirs", "404 Not Found")));
    const response = await ask({ ...toUpstream(upstream), errorPages }, get());
    assertEquals([response.status, response.body], [404, "theirs"]);
    const gone = plainRoute("/", { kind: "respond", status: 404, contentType: "text/plain", body: "ours" });
    assertEquals((await ask({ ...gone, errorPages }, get())).body, "ours");
  });
});

const TRUSTED: TestFrontOptions = { trustedProxies: { unix: false, networks: ["127.0.0.1"] } };

Deno.test("access", async (t) => {
  const cases: [allow: string[], deny: string[], status: number, behind: string | null][] = [
    [[], ["127.0.0.1"], 403, null],
    [[], ["10.0.0.0/8"], 200, null],
    [["127.0.0.0/8"], [], 200, null],
    [["10.0.0.0/8"], [], 403, null],
    [["127.0.0.1"], ["127.0.0.0/8"], 200, null],
    [["127.0.0.0/8"], ["127.0.0.1"], 403, null],
    // Behind a trusted proxy it is the client that counts, not the proxy.
    [[], ["203.0.113.9"], 403, "203.0.113.9"],
    [[], ["127.0.0.1"], 200, "203.0.113.9"],
    [["203.0.113.0/24"], [], 200, "203.0.113.9"],
    [["127.0.0.1"], [], 403, "203.0.113.9"],
    [["203.0.113.9"], [], 403, "203.0.113.9, 198.51.100.1"],
  ];
  for (const [allow, deny, status, behind] of cases) {
    await t.step(`allow ${allow}, deny ${deny}, ${behind ?? "no proxy"} → ${status}`, async () => {
      await using upstream = new TestUpstream();
      const request = behind === null ? get() : get(`X-Forwarded-For: ${behind}`);
      const response = await ask({ ...toUpstream(upstream), access: { allow, deny } }, request, TRUSTED);
      assertEquals([response.status, upstream.requests.length], [status, status === 200 ? 1 : 0]);
    });
  }
  await t.step("a stranger's X-Forwarded-For opens nothing", async () => {
    const route = { ...saying("secret"), access: { allow: ["203.0.113.9"], deny: [] } };
    assertEquals((await ask(route, get("X-Forwarded-For: 203.0.113.9", "X-Real-IP: 203.0.113.9"))).status, 403);
  });
  await t.step("another spelling of the path opens nothing, and other routes are open", async () => {
    const access = { allow: ["10.0.0.0/8"], deny: [] };
    await using front = new TestFront({ routes: [saying("open"), { ...saying("secret", "/admin"), access }] });
    const client = await front.connect();
    for (const target of ["/admin", "/%61dmin", "//admin/", "/x/../admin", "/./admin?x", "http://a/admin"]) {
      await client.send(get().replace("/ ", `${target} `));
      assertEquals((await client.response()).status, 403, target);
    }
    await client.send(get());
    assertEquals((await client.response()).body, "open");
  });
});

Deno.test("basic-auth", async (t) => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", latin1("secret")));
  const basicAuth = { realm: "staff only", users: new Map([["ann", `{SHA}${btoa(String.fromCharCode(...digest))}`]]) };
  await using upstream = new TestUpstream();
  await using front = new TestFront({ routes: [saying("open"), { ...toUpstream(upstream, "/p"), basicAuth }] });
  const authorization = (pair: string) => `Authorization: Basic ${btoa(pair)}`;
  const cases: [name: string, line: string, status: number][] = [
    ["nothing", "X-A: b", 401],
    ["the right pair", authorization("ann:secret"), 200],
    ["the right pair again", authorization("ann:secret"), 200],
    ["a wrong password", authorization("ann:Secret"), 401],
    ["no password", authorization("ann:"), 401],
    ["an unknown user", authorization("bob:secret"), 401],
    ["another scheme", "Authorization: Bearer secret", 401],
    ["no base64", "Authorization: Basic !", 401],
  ];
  for (const [name, line, status] of cases) {
    await t.step(`${name} → ${status}`, async () => {
      const client = await front.connect(), before = upstream.requests.length;
      await client.send(post(line, "Content-Length: 2") + "hi");
      const response = await client.response();
      assertEquals(response.status, status);
      const challenge = 'Basic realm="staff only", charset="UTF-8"';
      assertEquals(fieldOf(response, "www-authenticate"), status === 401 ? challenge : null);
      assertEquals(upstream.requests.length, before + (status === 200 ? 1 : 0));
      if (status === 200) assertEquals(`Authorization: ${fieldOf(upstream.requests[before], "authorization")}`, line);
      if (status === 200) assertEquals(upstream.requests[before].body, "hi");
    });
  }
  await t.step("the connection goes on, and other routes are open", async () => {
    const client = await front.connect();
    await client.send(post() + get() + post(authorization("ann:secret")));
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await client.response()).status);
    assertEquals(statuses, [401, 200, 200]);
  });
});
