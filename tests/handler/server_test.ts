/** A worker's sockets: what a handler sees of requests that come over them, and how they end. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { StackdError } from "../../lib/errors.ts";
import { Background } from "../../lib/handler/background.ts";
import type { Handler } from "../../lib/handler/contract.ts";
import { HandlerServer, type ServerOptions } from "../../lib/handler/server.ts";
import type { AccessLog } from "../../lib/observe/access_log.ts";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { TestDirectory } from "../support/stackd.ts";
import { accepts, until } from "../support/until.ts";
import { ask, type ServeOptions, serving } from "./serving.ts";
import { stderrOf } from "./support.ts";

const silentLog: AccessLog = {
  enabled: false,
  takesRecords: false,
  write() {},
  writeRecord() {},
  writeSpans() {},
  reopen() {},
  close: () => Promise.resolve(),
};

/** A server with what a test says, and for the rest what matters to none of them. */
function serverOf(options: Pick<ServerOptions, "respond"> & Partial<ServerOptions>): HandlerServer {
  return new HandlerServer({
    requestTimeout: 60_000,
    workerId: 1,
    prefix: "",
    trustedProxies: { unix: false, networks: [] },
    nextId: () => "id-1",
    background: new Background(),
    accessLog: silentLog,
    ...options,
  });
}

/** Tells what it sees of a request, of its copies too. */
const echo: Handler = async (request, info) =>
  Response.json({
    url: request.url,
    headers: Object.fromEntries(request.headers),
    copies: [request.clone(), new Request(request.clone())].map((
      copy,
    ) => [copy.url, copy.headers.get("x-forwarded-for")]),
    remote: info.remoteAddr.hostname,
    id: info.requestId,
    body: await request.text(),
  });

const FORWARDED = `GET /a%20b?c=%20d HTTP/1.1
Host: own.example:8000
X-Forwarded-For: 203.0.113.7
X-Forwarded-Proto: https
X-Forwarded-Host: first.example, public.example
X-Forwarded-Anything: 1
X-Real-IP: 203.0.113.7
Forwarded: for=203.0.113.7
X-Request-Id: given
X-Other: kept

`;

Deno.test("a handler sees the client's URL and forwarding fields only from trusted peers", async (t) => {
  const believed = {
    url: "https://public.example/a%20b?c=%20d",
    forwardedFor: "203.0.113.7",
    remote: "203.0.113.7",
    id: "given",
  };
  const dropped = { url: "http://own.example:8000/a%20b?c=%20d", forwardedFor: undefined, remote: "unix:", id: "id-1" };
  const cases: [
    name: string,
    options: ServeOptions,
    socket: "publicPath" | "privatePath",
    expected: typeof believed | typeof dropped,
  ][] = [
    ["a public socket's peers are not", {}, "publicPath", dropped],
    ["unless they are said to be", { unix: true }, "publicPath", believed],
    ["our own front is", { withPrivate: true }, "privatePath", believed],
    ["which changes nothing for the public socket", { withPrivate: true }, "publicPath", dropped],
    ["both are", { unix: true, withPrivate: true }, "publicPath", believed],
  ];
  for (const [name, options, socket, expected] of cases) {
    await t.step(name, () =>
      serving(echo, options, async (started) => {
        const seen = JSON.parse((await ask(started[socket], FORWARDED)).body);
        const forwardedFor = seen.headers["x-forwarded-for"];
        assertEquals({ url: seen.url, forwardedFor, remote: seen.remote, id: seen.id }, expected);
        assertEquals(seen.headers["x-other"], "kept");
        const forwarding = Object.keys(seen.headers).filter((field) => /forwarded|x-real-ip/.test(field));
        assertEquals(forwarding.length, expected === believed ? 6 : 0, forwarding.join());
        assertEquals(seen.copies[0], [expected.url, forwardedFor ?? null], "clone()");
        assertEquals(seen.copies[1], [expected.url, forwardedFor ?? null], "new Request()");
      }));
  }
});

Deno.test("request.url is whole whatever the request target and the Host field are", async (t) => {
  const cases: [name: string, head: string, url: string][] = [
    ["an empty Host", "GET /x HTTP/1.1\nHost:\n", "http://localhost/x"],
    ["the absolute form", "GET http://target.example/x?y HTTP/1.1\nHost: other.example\n", "http://target.example/x?y"],
    ["no path", "OPTIONS * HTTP/1.1\nHost: x.example\n", "http://x.example/*"],
    ["two slashes", "GET //a//b HTTP/1.1\nHost: x.example\n", "http://x.example//a//b"],
    ["IPv6", "GET / HTTP/1.1\nHost: [::1]:80\n", "http://[::1]:80/"],
  ];
  await serving(echo, {}, async ({ publicPath }) => {
    for (const [name, head, url] of cases) {
      await t.step(name, async () => assertEquals(JSON.parse((await ask(publicPath, `${head}\n`)).body).url, url));
    }
  });
  await t.step("no Host", () =>
    serving(echo, {}, async ({ publicPath }) => {
      using client = await RawClient.connect({ transport: "unix", path: publicPath });
      await client.send("GET /x HTTP/1.0\r\n\r\n");
      assertMatch((await client.end()).rest, /^HTTP\/1\.0 200 .*"url":"http:\/\/localhost\/x"/s);
    }));
  await t.step("a forwarded host that is none", () =>
    serving(echo, { unix: true }, async ({ publicPath }) => {
      const head = "GET / HTTP/1.1\nHost: x.example\nX-Forwarded-Host: a/b@c\nX-Forwarded-Proto: gopher\n\n";
      assertEquals(JSON.parse((await ask(publicPath, head)).body).url, "http://x.example/");
    }));
});

Deno.test("requests that a handler makes itself keep their fields", async () => {
  const own: Handler = () => {
    const request = new Request("http://x.example/", { headers: { "x-forwarded-for": "1.2.3.4", forwarded: "for=x" } });
    return Response.json([
      request.url,
      request.clone().headers.get("x-forwarded-for"),
      request.headers.get("forwarded"),
    ]);
  };
  await serving(own, {}, async ({ publicPath }) => {
    const { body } = await ask(publicPath, "GET / HTTP/1.1\nHost: x\n\n");
    assertEquals(JSON.parse(body), ["http://x.example/", "1.2.3.4", "for=x"]);
  });
});

Deno.test("a body, and fields that are not to be seen, arrive together", async () => {
  await serving(echo, {}, async ({ publicPath }) => {
    const { body } = await ask(
      publicPath,
      "POST / HTTP/1.1\nHost: x\nX-Forwarded-For: 1.2.3.4\nContent-Length: 4\n\nbody",
    );
    const seen = JSON.parse(body);
    assertEquals([seen.body, seen.headers["content-length"], seen.headers["x-forwarded-for"]], [
      "body",
      "4",
      undefined,
    ]);
  });
});

Deno.test("sockets have their modes, and the public one its name only when it is served", async () => {
  await serving(echo, { withPrivate: true }, async ({ publicPath, privatePath }) => {
    const modes = [publicPath, privatePath].map((path) => (Deno.lstatSync(path).mode ?? 0) & 0o777);
    assertEquals(modes, [0o660, 0o600]);
    const names = [...Deno.readDirSync(`${publicPath}/..`.replace("/public.sock/..", ""))].map(({ name }) => name)
      .sort();
    assertEquals(names, ["private.sock", "public.sock"]);
    assert(await accepts({ transport: "unix", path: publicPath }));
  });
});

Deno.test("listenPublic() says why it cannot listen", () => {
  using directory = new TestDirectory();
  const server = serverOf({ respond: () => new Response("") });
  const path = directory.at("nowhere/app.sock");
  const error = assertThrows(() => server.listenPublic({ path, mode: 0o660, owner: null }), StackdError);
  assertMatch(error.message, /^Cannot listen on ".*nowhere\/app\.sock": /);
  assertEquals([error.code, error.exitCode], ["STACKD_LISTEN", 1]);
});

Deno.test("requests on the public socket are logged, those of our front are not", async () => {
  const handler: Handler = (request, info) => {
    info.signal; // who asks for it is told, and so is the log
    const { pathname } = new URL(request.url);
    if (pathname === "/none") return new Response(null, { status: 204 });
    if (pathname === "/throw") throw new Error("x");
    return new Response("12345", { headers: { "content-length": "5" } });
  };
  await serving(handler, { withPrivate: true }, async ({ lines, publicPath, privatePath }) => {
    await ask(privatePath, "GET /front HTTP/1.1\nHost: x\n\n");
    await ask(publicPath, "GET /a?b HTTP/1.1\nHost: x\nReferer: r\nUser-Agent: u\n\n");
    await ask(publicPath, "GET /none HTTP/1.1\nHost: x\n\n");
    await stderrOf(() => ask(publicPath, "POST /throw HTTP/1.1\nHost: x\n\n"));
    const common = { remoteAddress: "unix:", referer: null, userAgent: null };
    assertEquals(lines, [
      { ...common, requestLine: "GET /a?b HTTP/1.1", status: 200, bytes: 5, referer: "r", userAgent: "u" },
      { ...common, requestLine: "GET /none HTTP/1.1", status: 204, bytes: 0 },
      { ...common, requestLine: "POST /throw HTTP/1.1", status: 500, bytes: 43 },
    ]);
  });
});

Deno.test("a client that leaves aborts the signal and is logged as 499", async () => {
  const received = Promise.withResolvers<void>(), aborted = Promise.withResolvers<void>();
  const handler: Handler = (_, { signal }) =>
    new Promise((resolve) => {
      received.resolve();
      signal.addEventListener("abort", () => {
        aborted.resolve();
        resolve(new Response("too late"));
      });
    });
  await serving(handler, {}, async ({ lines, publicPath }) => {
    using client = await RawClient.connect({ transport: "unix", path: publicPath });
    await client.send("GET /left HTTP/1.1\r\nHost: x\r\n\r\n");
    await received.promise;
    client.close();
    await aborted.promise;
    await until("it is logged", () => lines.length === 1);
    assertEquals([lines[0]?.status, lines[0]?.requestLine], [499, "GET /left HTTP/1.1"]);
  });
});

Deno.test("our front's leaving at the deadline is its timeout, and a client's leaving before is not", async () => {
  const aborted: string[] = [];
  const handler: Handler = (_, { signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        aborted.push(signal.reason.name);
        reject(signal.reason);
      })
    );
  const log = await stderrOf(() =>
    serving(handler, { withPrivate: true, requestTimeout: 1_000 }, async ({ privatePath }) => {
      for (const stays of [0, 1_000]) {
        using client = await RawClient.connect({ transport: "unix", path: privatePath });
        await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        await new Promise((resolve) => setTimeout(resolve, stays + 50));
        client.close();
        await until("it is aborted", () => aborted.length === (stays === 0 ? 1 : 2));
      }
    })
  );
  assertEquals(aborted, ["AbortError", "TimeoutError"]);
  assertEquals(log, "", "whoever gives up then has done nothing wrong");
});

Deno.test("a request that took too long is logged as 504, whether or not its handler gives up", async () => {
  const handler: Handler = (request, { signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => request.url.endsWith("/up") && reject(signal.reason))
    );
  const log = await stderrOf(() =>
    serving(handler, { requestTimeout: 100 }, async ({ publicPath, lines }) => {
      for (const path of ["/up", "/on"]) {
        assertEquals((await ask(publicPath, `GET ${path} HTTP/1.1\nHost: x\n\n`)).status, 504);
      }
      assertEquals(lines.map(({ status }) => status), [504, 504]);
    })
  );
  assertEquals(log.match(/\[error\] .*?(?= \()/g), [
    '[error] A request took longer than 0.1 s: GET "/up"',
    '[error] A request took longer than 0.1 s: GET "/on"',
  ]);
});

Deno.test("the body of a response that comes after its 504 is ended", async () => {
  const late = Promise.withResolvers<Response>();
  let cancelled = false;
  await stderrOf(() =>
    serving(() => late.promise, { requestTimeout: 100 }, async ({ publicPath }) => {
      assertEquals((await ask(publicPath, "GET / HTTP/1.1\nHost: x\n\n")).status, 504);
      late.resolve(new Response(new ReadableStream({ cancel: () => void (cancelled = true) })));
      await until("it is cancelled", () => cancelled);
    })
  );
});

Deno.test("a client that breaks off its upload is logged as 499, and nothing is said of the handler", async (t) => {
  const events = new EventTarget();
  const happens = (name: string) => new Promise((resolve) => events.addEventListener(name, resolve, { once: true }));
  const reads: Record<string, (request: Request) => Promise<unknown>> = {
    "/text": (request) => request.text(),
    "/late": async (request) => {
      await happens("closed");
      return request.text();
    },
    "/late-pieces": async (request) => {
      await happens("closed");
      return Array.fromAsync(request.body ?? []);
    },
    "/json": (request) => request.clone().json(),
    "/pieces": (request) => Array.fromAsync(request.body ?? []),
    "/copy": (request) => new Request(request).bytes(),
  };
  const handler: Handler = async (request) => {
    const body = reads[new URL(request.url).pathname]?.(request);
    events.dispatchEvent(new Event("began"));
    await body;
    return new Response("all of it");
  };
  const log = await stderrOf(() =>
    serving(handler, {}, async ({ publicPath, lines }) => {
      for (const path of Object.keys(reads)) {
        for (const framing of ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]) {
          await t.step(`${path} ${framing.slice(0, 7)}`, async () => {
            using client = await RawClient.connect({ transport: "unix", path: publicPath });
            const reading = happens("began");
            await client.send(`POST ${path} HTTP/1.1\r\nHost: x\r\n${framing}`);
            await reading;
            client.close();
            events.dispatchEvent(new Event("closed"));
            const { status } = await until("it is logged", () => lines.pop());
            assertEquals(status, 499);
          });
        }
      }
    })
  );
  assertEquals(log, "");
});

Deno.test("an error of the handler's own is told, also when a client has broken off its upload", async () => {
  const handler: Handler = async (request) => {
    await request.text().catch(() => {});
    throw new Deno.errors.BadResource("of something else");
  };
  const log = await stderrOf(() =>
    serving(handler, {}, async ({ publicPath, lines }) => {
      using client = await RawClient.connect({ transport: "unix", path: publicPath });
      await client.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
      client.close();
      await until("it is logged", () => lines.length === 1);
    })
  );
  assertMatch(log, /The handler threw for POST "\/x" .*: BadResource: of something else/);
});

Deno.test("a body that fails on its way is logged, and its connection ends", async () => {
  const handler: Handler = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.error(new RangeError("in the middle"));
        },
      }),
    );
  await serving(handler, {}, async ({ publicPath }) => {
    const log = await stderrOf(() => assertRejects(() => ask(publicPath, "GET /failing HTTP/1.1\nHost: x\n\n")));
    assertMatch(log, /could not be sent for GET "\/failing" \(request id id-1\): RangeError: in the middle/);
  });
});

Deno.test("drain() answers what is in flight, asks clients to leave, and then accepts nobody", async () => {
  const answer = Promise.withResolvers<void>();
  const handler: Handler = async (request) => {
    if (request.url.endsWith("/slow")) await answer.promise;
    return request.url.endsWith("/redirect") ? Response.redirect("http://x/", 303) : new Response("done");
  };
  await serving(handler, {}, async ({ server, publicPath }) => {
    const open = () => RawClient.connect({ transport: "unix", path: publicPath });
    using slow = await open();
    using idle = await open();
    using redirected = await open();
    await slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    await idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assertEquals(fieldOf(await idle.response(), "connection"), null);
    const drained = server.drain(5_000);
    await idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assertEquals(fieldOf(await idle.response(), "connection"), "close");
    await redirected.send("GET /redirect HTTP/1.1\r\nHost: x\r\n\r\n");
    const redirect = await redirected.response();
    assertEquals([redirect.status, fieldOf(redirect, "connection"), fieldOf(redirect, "location")], [
      303,
      "close",
      "http://x/",
    ]);
    await until("nobody is accepted", async () => !await accepts({ transport: "unix", path: publicPath }));
    answer.resolve();
    assertEquals((await slow.response()).body, "done");
    await drained;
  });
});

Deno.test("drain() does not wait longer than it may", async () => {
  const received = Promise.withResolvers<void>(), never = Promise.withResolvers<Response>();
  const handler: Handler = () => {
    received.resolve();
    return never.promise;
  };
  await serving(handler, {}, async ({ server, publicPath }) => {
    using client = await RawClient.connect({ transport: "unix", path: publicPath });
    await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await received.promise;
    const begun = performance.now();
    assertEquals(await server.drain(300), false);
    const took = performance.now() - begun;
    assert(took > 290 && took < 3_000, `${took} ms`);
    never.resolve(new Response("late"));
    assertEquals((await client.response()).body, "late");
    await client.end();
  });
});

// What becomes of the upgrade nobody ever hears.
Deno.test("a server that Deno ends is told of, and one that was drained is not", { sanitizeOps: false }, async () => {
  for (const ends of [true, false]) {
    using directory = new TestDirectory();
    const lost = Promise.withResolvers<void>();
    let told = 0;
    const server = serverOf({
      // What Serving prevents: the upgrade's response is not what is answered.
      respond(request) {
        if (ends) Deno.upgradeWebSocket(request);
        return new Response("no WebSocket");
      },
      onLost() {
        told++;
        lost.resolve();
      },
    });
    const path = directory.at("app.sock");
    server.listenPublic({ path, mode: 0o660, owner: null });
    using client = await RawClient.connect({ transport: "unix", path });
    const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    await client.send(`GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`);
    if (ends) await lost.promise;
    else assertEquals((await client.response()).body, "no WebSocket");
    await server.drain(0);
    assertEquals(told, ends ? 1 : 0);
  }
});

Deno.test("what should never reject is answered with 500 when it does", async () => {
  using directory = new TestDirectory();
  const server = serverOf({ respond: () => Promise.reject(new RangeError("of ours")) });
  const path = directory.at("app.sock");
  server.listenPublic({ path, mode: 0o660, owner: null });
  const log = await stderrOf(async () => {
    const response = await ask(path, "GET / HTTP/1.1\nHost: x\n\n");
    assertEquals([response.status, fieldOf(response, "server")], [500, "stackd"]);
  });
  assertMatch(log, /A response could not be sent .*RangeError: of ours/);
  assertEquals(server.counts.inFlight, 0);
  await server.drain(0);
});
