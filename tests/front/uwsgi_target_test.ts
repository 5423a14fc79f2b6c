/** Requests to servers that speak uwsgi: what they are told, what of their answers is passed on, and what else is as for HTTP. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { GroupOptions } from "../../lib/config/group_options.ts";
import { plainRoute, type RouteOptions } from "../../lib/config/route_options.ts";
import { get, head, post } from "../http1/corpus/case.ts";
import { edits } from "../support/routes.ts";
import { listening } from "../support/own_sockets.ts";
import { fieldOf, latin1 } from "../support/raw_http.ts";
import { TestFront, type TestFrontOptions } from "../support/test_front.ts";
import { groupOf, refusing, routeTo } from "../support/test_group.ts";
import { answeringAll, page, TestUwsgi, type UwsgiScript } from "../support/test_uwsgi.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

/** Closes the connection without an answer. */
const DEAD: UwsgiScript = () => {};
const LARGE = "0123456789".repeat(30_000);

/** The variables that `request` comes as. */
async function varsOf(request: string, route: Partial<RouteOptions> = {}, options: TestFrontOptions = {}) {
  await using uwsgi = new TestUwsgi();
  const prefix = route.prefix ?? "/";
  await using front = new TestFront({
    routes: [{ ...plainRoute(prefix, { kind: "upstream", group: groupOf([uwsgi]) }), ...route }],
    ...options,
  });
  const client = await front.connect();
  await client.send(request);
  assertEquals((await client.response()).status, 200);
  const port = front.address.transport === "tcp" ? String(front.address.port) : "";
  return { vars: uwsgi.requests[0].vars, port, body: uwsgi.requests[0].body };
}

Deno.test("a request comes as nginx's uwsgi_params have it", async () => {
  const { vars, port, body } = await varsOf(
    head(
      "POST /a%20b/%E4?c=%2F&d HTTP/1.1",
      "Host: a.example:81",
      "Content-Type: text/plain",
      "Content-Length: 2",
      "Cookie: a=1",
      "X-Thing:  x  ",
      "Cookie: b=2",
      "Connection: x-hop",
      "X-Hop: 1",
      "Proxy: evil",
      "X_Under: 1",
      "X-Forwarded-For: 6.6.6.6",
    ) + "hi",
  );
  assertEquals(body, "hi");
  assertMatch(vars.get("REMOTE_PORT") ?? "", /^\d+$/);
  assertMatch(vars.get("HTTP_X_REQUEST_ID") ?? "", /^[0-9a-f]+-[0-9a-f]+$/);
  const others = [...vars].filter(([name]) => !["REMOTE_PORT", "HTTP_X_REQUEST_ID"].includes(name));
  assertEquals(Object.fromEntries(others), {
    QUERY_STRING: "c=%2F&d",
    REQUEST_METHOD: "POST",
    CONTENT_TYPE: "text/plain",
    CONTENT_LENGTH: "2",
    REQUEST_URI: "/a%20b/%E4?c=%2F&d",
    SCRIPT_NAME: "",
    PATH_INFO: "/a b/\xe4",
    SERVER_PROTOCOL: "HTTP/1.1",
    REQUEST_SCHEME: "http",
    REMOTE_ADDR: "127.0.0.1",
    SERVER_PORT: port,
    SERVER_NAME: "a.example",
    HTTP_HOST: "a.example:81",
    HTTP_COOKIE: "a=1; b=2",
    HTTP_X_THING: "x",
    HTTP_X_FORWARDED_FOR: "127.0.0.1",
    HTTP_X_REAL_IP: "127.0.0.1",
    HTTP_X_FORWARDED_PROTO: "http",
    HTTP_X_FORWARDED_HOST: "a.example:81",
  });
});

Deno.test("a prefix that is taken off is SCRIPT_NAME; what the application says about places stays", async () => {
  const { vars } = await varsOf(
    head("GET /app/../app/x/%2e/y?q HTTP/1.1", "Host: a.example"),
    { prefix: "/app", stripPrefix: true },
  );
  assertEquals(
    ["SCRIPT_NAME", "PATH_INFO", "REQUEST_URI", "QUERY_STRING", "HTTP_X_FORWARDED_PREFIX"].map((name) =>
      vars.get(name)
    ),
    ["/app", "/x/y", "/app/../app/x/%2e/y?q", "q", undefined],
  );
  await using uwsgi = new TestUwsgi(answeringAll(page("", "Location: /login\r\nSet-Cookie: a=1; Path=/\r\n")));
  await using front = new TestFront({ routes: [{ ...routeTo(groupOf([uwsgi]), "/app"), stripPrefix: true }] });
  const client = await front.connect();
  await client.send(get().replace("GET / ", "GET /app/ "));
  const response = await client.response();
  assertEquals(fieldOf(response, "location"), "/login");
  assertEquals(fieldOf(response, "set-cookie"), "a=1; Path=/");
});

Deno.test("a trusted proxy says who the client is, and how it came", async () => {
  const trusted = { unix: false, networks: ["127.0.0.0/8"] };
  const { vars } = await varsOf(
    get("X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"),
    {},
    { trustedProxies: trusted },
  );
  assertEquals(
    ["REMOTE_ADDR", "REMOTE_PORT", "HTTPS", "REQUEST_SCHEME", "SERVER_PORT"].map((name) => vars.get(name)),
    ["203.0.113.7", "", "on", "https", "443"],
  );
});

Deno.test("an absolute target, HTTP/1.0, and a route's own changes come as they do over HTTP", async () => {
  const { vars } = await varsOf(head("GET http://b.example/x?y HTTP/1.0", "Host: a.example", "X-A: 1"), {
    requestFields: edits({ remove: ["x-a"], set: [["X-B", "$request_uri"], ["X-Forwarded-For", "nobody"]] }),
  });
  assertEquals(
    ["HTTP_HOST", "REQUEST_URI", "PATH_INFO", "SERVER_PROTOCOL", "HTTP_X_A", "HTTP_X_B", "HTTP_X_FORWARDED_FOR"]
      .map((name) => vars.get(name)),
    ["b.example", "/x?y", "/x", "HTTP/1.0", undefined, "/x?y", "nobody"],
  );
});

Deno.test("the largest head that is taken comes whole", async () => {
  const path = `/${"p".repeat(8_000)}`;
  const lines = Array.from({ length: 96 }, (_, i) => `X-${i}: ${"v".repeat(79)}`);
  const request = head(`GET ${path} HTTP/1.1`, "Host: a.example", ...lines);
  assert(request.length > 16_200 && request.length < 16_384);
  const { vars } = await varsOf(request);
  assertEquals([vars.get("PATH_INFO"), vars.get("REQUEST_URI")], [path, path]);
  assertEquals([...vars].filter(([name]) => /^HTTP_X_\d+$/.test(name)).length, lines.length);
});

Deno.test("what no application may get is refused", async (t) => {
  await using uwsgi = new TestUwsgi();
  await using front = new TestFront({ upstream: uwsgi, limits: { maxHeadSize: 131_072, maxFields: 10_000 } });
  const refused: readonly (readonly [name: string, request: string, status: number])[] = [
    ["a NUL in the path", get().replace("GET / ", "GET /a%00b "), 400],
    ["a path that climbs when it is decoded", get().replace("GET / ", "GET /a%2F.. "), 400],
    ["more than a packet holds", get(`X-A: ${"a".repeat(70_000)}`), 431],
  ];
  for (const [name, request, status] of refused) {
    await t.step(name, async () => {
      const client = await front.connect();
      await client.send(request);
      assertEquals((await client.response()).status, status);
    });
  }
  assertEquals(uwsgi.connections, 0);
});

Deno.test("an answer in any framing is passed on", async (t) => {
  const answers: readonly (readonly [name: string, bytes: string, status: number, body: string])[] = [
    ["without a length", page("hello"), 200, "hello"],
    ["without a length, empty", page(""), 200, ""],
    ["without a length, large", page(LARGE), 200, LARGE],
    ["with a length", page("hello", "Content-Length: 5\r\n"), 200, "hello"],
    ["with a length, large", page(LARGE, `Content-Length: ${LARGE.length}\r\n`), 200, LARGE],
    ["of HTTP/1.0", page("hello").replace("1.1", "1.0"), 200, "hello"],
    ["without a reason", page("hello").replace(" OK", ""), 200, "hello"],
    ["in chunks, when it says so", page("5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n"), 200, "hello"],
    ["what looks like chunks, when it does not", page("5\r\nhello\r\n0\r\n\r\n"), 200, "5\r\nhello\r\n0\r\n\r\n"],
    ["204", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""],
    ["304", 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 304, ""],
    ["404", page("none").replace("200 OK", "404 Not Found"), 404, "none"],
  ];
  for (const [name, bytes, status, body] of answers) {
    await t.step(name, async () => {
      await using uwsgi = new TestUwsgi(answeringAll(bytes));
      await using front = new TestFront({ upstream: uwsgi });
      const client = await front.connect();
      for (let i = 1; i <= 2; i++) {
        await client.send(get());
        const response = await client.response();
        assertEquals(response.status, status);
        assert(response.body === body, "the body is whole");
        assertEquals(uwsgi.connections, i, "each request has a connection of its own");
      }
      await until("the server is done", () => uwsgi.open === 0);
      assertEquals(front.errors.text, "");
    });
  }
  await t.step("without a length, to HTTP/1.0", async () => {
    await using uwsgi = new TestUwsgi(answeringAll(page("hello")));
    await using front = new TestFront({ upstream: uwsgi });
    const client = await front.connect();
    await client.send("GET / HTTP/1.0\r\n\r\n");
    const { body, framing } = await client.response();
    assertEquals([body, framing], ["hello", "close"]);
  });
  await t.step("to HEAD", async () => {
    await using uwsgi = new TestUwsgi(answeringAll(page("hello", "Content-Length: 5\r\n")));
    await using front = new TestFront({ upstream: uwsgi });
    const client = await front.connect();
    await client.send(get().replace("GET", "HEAD"));
    assertEquals(fieldOf(await client.response({ toHead: true }), "content-length"), "5");
  });
});

Deno.test("an answer that is none is a 502, told apart in the log", async (t) => {
  const answers: readonly (readonly [name: string, bytes: string, log: string])[] = [
    ["nothing", "", "closed the connection without a whole response head"],
    ["half a head", "HTTP/1.1 200 OK\r\nContent-", "closed the connection without a whole response head"],
    ["no status line", "Status: 200 OK\r\n\r\nhello", "not an HTTP/1 response"],
    ["another version", "HTTP/2.0 200 OK\r\n\r\n", "not an HTTP/1 response"],
    ["a line that is split in two", page("", "X-A: 1\nX-B: 2\r\n"), "a bare LF in the head"],
    ["two lengths", page("hi", "Content-Length: 2\r\nContent-Length: 3\r\n"), "two Content-Length fields"],
    ["a packet, as modifier1 72 announces one", "\x48\x0e\x00\x00abcdefghijklmn", "not an HTTP/1 response"],
  ];
  for (const [name, bytes, log] of answers) {
    await t.step(name, async () => {
      await using uwsgi = new TestUwsgi(answeringAll(bytes));
      await using front = new TestFront({ upstream: uwsgi });
      const client = await front.connect();
      await client.send(get());
      assertEquals((await client.response()).status, 502);
      assertStringIncludes(front.errors.text, log);
    });
  }
  await t.step("a body that is shorter than its length ends the connection", async () => {
    await using uwsgi = new TestUwsgi(answeringAll(page("hi", "Content-Length: 5\r\n")));
    await using front = new TestFront({ upstream: uwsgi });
    const client = await front.connect();
    await client.send(get());
    await client.head();
    assertEquals((await client.end()).rest, "hi");
  });
});

/** A front of a group whose first server is asked first. */
function frontOf(uwsgis: readonly Pick<TestUwsgi, "target">[], changes: Partial<GroupOptions> = {}): TestFront {
  return new TestFront({ routes: [routeTo(groupOf(uwsgis, changes))] });
}

Deno.test("an answer that ends with its connection is whole when that ends, and cut off when it is reset", async (t) => {
  const SMALL = page("all of it"), LAST_CHUNK = "0\r\n\r\n";
  for (const transport of ["unix", "tcp"] as const) {
    await t.step(`at once, ${transport}`, async () => {
      await using uwsgi = new TestUwsgi(answeringAll(SMALL), transport);
      await using front = new TestFront({ upstream: uwsgi });
      const client = await front.connect();
      for (let i = 0; i < 3; i++) {
        await client.send(get());
        assertEquals((await client.response()).body, "all of it");
      }
    });
    await t.step(`in pieces, ${transport}`, async () => {
      const pieces = Promise.withResolvers<void>();
      await using uwsgi = new TestUwsgi(async (_, peer) => {
        await peer.write(page("one"));
        await pieces.promise;
        await peer.write(" two");
      }, transport);
      await using front = new TestFront({ upstream: uwsgi });
      const client = await front.connect();
      await client.send(get());
      await client.through("one");
      pieces.resolve();
      assertStringIncludes(await client.through(LAST_CHUNK), " two");
    });
  }
  await t.step("reset", async () => {
    using server = listening("unix");
    const target = {
      transport: "unix",
      path: (server.listener.addr as Deno.UnixAddr).path,
      protocol: "uwsgi",
    } as const;
    await using front = new TestFront({ upstream: { target } });
    const client = await front.connect();
    await client.send(get("Connection: close"));
    const conn = await server.listener.accept();
    // Closed with most of the request unread, a socket resets its peer.
    await conn.read(new Uint8Array(16));
    await conn.write(latin1(SMALL));
    conn.close();
    const { rest } = await client.end();
    // A failure when nothing has been sent yet, half an answer otherwise.
    assert(rest.startsWith("HTTP/1.1 502 ") || !rest.endsWith(LAST_CHUNK), rest);
    await until("it is logged", () => front.errors.text.includes("reset the connection within its response"));
  });
  await t.step("reset because a request's body was not read: all is there", async () => {
    using server = listening("unix");
    const { path } = server.listener.addr as Deno.UnixAddr;
    await using front = new TestFront({ upstream: { target: { transport: "unix", path, protocol: "uwsgi" } } });
    const client = await front.connect();
    await client.send(post("Content-Length: 1000") + "b".repeat(1_000));
    const conn = await server.listener.accept();
    await conn.read(new Uint8Array(16));
    await conn.write(latin1(SMALL));
    conn.close();
    assertEquals((await client.response()).body, "all of it");
    assertEquals(front.errors.text, "");
  });
});

Deno.test("a server that resets the connection behind its answer, because it has left a body unread, does not rest", async () => {
  using server = listening("unix");
  const { path } = server.listener.addr as Deno.UnixAddr;
  await using good = new TestUwsgi(answeringAll(page("good")));
  await using front = frontOf([{ target: { transport: "unix", path, protocol: "uwsgi" } }, good]);
  const client = await front.connect();
  await client.send(post("Content-Length: 1000") + "b".repeat(1_000));
  const cut = await server.listener.accept();
  await cut.read(new Uint8Array(16));
  await cut.write(latin1("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf"));
  cut.close();
  await client.end();
  const others = [await front.connect(), await front.connect()];
  for (const other of others) await other.send(get());
  const conn = await within("it is asked again", server.listener.accept());
  await conn.read(new Uint8Array(4_096));
  await conn.write(latin1(page("well")));
  conn.close();
  const bodies = await Promise.all(others.map(async (other) => (await other.response()).body));
  assertEquals(bodies.sort(), ["good", "well"]);
});

Deno.test("a request goes to another server as one over HTTP does", async (t) => {
  const put = post(`Content-Length: ${LARGE.length}`).replace("POST", "PUT") + LARGE;
  const requests: readonly (readonly [name: string, request: string, status: number])[] = [
    ["GET", get(), 200],
    // It is kept: over HTTP it would have been consumed.
    ["PUT with a large body", put, 200],
    ["POST", post("Content-Length: 2") + "hi", 502],
  ];
  for (const [name, request, status] of requests) {
    await t.step(`${name} whose server dies`, async () => {
      await using dead = new TestUwsgi(DEAD);
      await using good = new TestUwsgi();
      await using front = frontOf([dead, good]);
      const client = await front.connect();
      await client.send(request);
      assertEquals((await client.response()).status, status);
      assertEquals(dead.connections, 1);
      if (name.startsWith("PUT")) assert(good.requests[0].body === LARGE, "the body has come whole");
    });
    await t.step(`${name} whose server is not there`, async () => {
      await using good = new TestUwsgi();
      await using front = frontOf([{ target: { ...refusing().target, protocol: "uwsgi" } }, good]);
      const client = await front.connect();
      await client.send(request);
      assertEquals((await client.response()).status, 200);
    });
  }
});

Deno.test("a server is asked over uwsgi whether it is well", async () => {
  let well = true;
  const script: UwsgiScript = (request, peer) =>
    answeringAll(request.vars.get("PATH_INFO") === "/up" && !well ? "HTTP/1.1 503 Busy\r\n\r\n" : page("a"))(
      request,
      peer,
    );
  await using a = new TestUwsgi(script, "tcp");
  await using b = new TestUwsgi(answeringAll(page("b")));
  const healthCheck = { path: "/up?x", host: null, interval: 30, timeout: 2_000, passes: 1, fails: 1 };
  await using front = frontOf([a, b], { healthCheck: { ...healthCheck, statuses: [[200, 399]] } });
  const { vars } = await a.request();
  const port = a.target.transport === "tcp" ? a.target.port : 0;
  assertEquals(
    ["REQUEST_METHOD", "REQUEST_URI", "PATH_INFO", "QUERY_STRING", "HTTP_HOST", "SERVER_PORT"].map((name) =>
      vars.get(name)
    ),
    ["GET", "/up?x", "/up", "x", `127.0.0.1:${port}`, String(port)],
  );
  well = false;
  await until("a is out", () => front.errors.text.includes("is taken out: its health check was answered 503"));
  assertStringIncludes(front.errors.text, `Upstream server uwsgi:127.0.0.1:${port} of g`);
  const client = await front.connect();
  for (let i = 0; i < 4; i++) {
    await client.send(get());
    assertEquals((await client.response()).body, "b");
  }
  well = true;
  await until("a is back", () => front.errors.text.includes("is back: its health check passes"));
});
