/** Listeners for node:http behind a worker's socket: what they see, what they send, and how both ends leave. */
import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { adapt } from "../../lib/handler/adapt.ts";
import type { Handler } from "../../lib/handler/contract.ts";
import { nodeApplication } from "../../lib/handler/node_application.ts";
import { answerWith } from "../../lib/handler/node_handler.ts";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { until } from "../support/until.ts";
import { ask, type ServeOptions, serving } from "./serving.ts";
import { infoOf, stderrOf } from "./support.ts";

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** The handler that a listener makes. */
const handlerOf = (listener: Listener): Handler => (request, info) => answerWith(listener as never, request, info);

const GET = "GET /a%20b/?c=%20d HTTP/1.1\nHost: x.example\nX-Two: 1\nX-Two: 2\nCookie: a=1\n\n";
const post = (body: string) => `POST /p HTTP/1.1\nHost: x\nContent-Length: ${body.length}\n\n${body}`;

async function answer(listener: Listener, request = GET, options: ServeOptions = {}) {
  let answered: Awaited<ReturnType<typeof ask>> | undefined;
  const log = await stderrOf(() =>
    serving(handlerOf(listener), options, async ({ publicPath }) => {
      answered = await ask(publicPath, request);
    })
  );
  if (answered === undefined) throw new Error(log);
  return { ...answered, log };
}

Deno.test("a listener sees Node's own request", async () => {
  const { body } = await answer((request, response) => {
    const { method, url, httpVersion, headers, rawHeaders, complete, socket } = request;
    const { remoteAddress, encrypted = false } = socket as unknown as { remoteAddress?: string; encrypted?: boolean };
    response.end(JSON.stringify({
      method,
      url,
      httpVersion,
      headers,
      raw: rawHeaders.length,
      complete,
      remoteAddress,
      encrypted,
    }));
  });
  assertEquals(JSON.parse(body), {
    method: "GET",
    url: "/a%20b/?c=%20d",
    httpVersion: "1.1",
    headers: { cookie: "a=1", host: "x.example", "x-two": "1, 2" },
    raw: 6,
    complete: false,
    encrypted: false,
  });
});

Deno.test("a listener sees the client that a trusted peer names, and its scheme", async () => {
  const request = "GET / HTTP/1.1\nHost: x\nX-Forwarded-For: 2001:db8::7\nX-Forwarded-Proto: https\n\n";
  const { body } = await answer(
    ({ socket }, response) => {
      response.end([socket.remoteAddress, socket.remoteFamily, Reflect.get(socket, "encrypted")].join());
    },
    request,
    { unix: true },
  );
  assertEquals(body, "2001:db8::7,IPv6,true");
});

Deno.test("a body is read by events, by iteration, by a pipe, or not at all", async (t) => {
  const text = "0123456789".repeat(20_000);
  const listeners: Readonly<Record<string, Listener>> = {
    events(request, response) {
      let length = 0;
      request.on("data", (piece) => length += piece.length);
      request.on("end", () => response.end(`${length} ${request.complete}`));
    },
    async iteration(request, response) {
      let length = 0;
      for await (const piece of request) length += piece.length;
      response.end(`${length} ${request.complete}`);
    },
    "a pipe"(request, response) {
      let length = 0;
      const count = new WritableStream({
        write: (piece: Uint8Array) => void (length += piece.length),
        close: () => void response.end(`${length} ${request.complete}`),
      });
      (async () => {
        const writer = count.getWriter();
        for await (const piece of request) await writer.write(piece);
        await writer.close();
      })();
    },
  };
  for (const [name, listener] of Object.entries(listeners)) {
    await t.step(name, async () => assertEquals((await answer(listener, post(text))).body, "200000 true"));
  }
  await t.step("not at all", async () => {
    const { status, body } = await answer((_request, response) => void response.writeHead(201).end("made"), post(text));
    assertEquals([status, body], [201, "made"]);
  });
});

/** What listeners send, and what comes of it: status, body, and fields. */
const SENDING: readonly (readonly [
  name: string,
  listener: Listener,
  expected: readonly [status: number, body: string, framing: string],
  fields?: Readonly<Record<string, string | null>>,
])[] = [
  ["all at once", (_, response) => response.end("whole"), [200, "whole", "length"], { "content-length": "5" }],
  ["nothing", (_, response) => response.end(), [200, "", "length"], { "content-length": "0", connection: null }],
  [
    "a head of its own",
    (_, response) => {
      response.setHeader("Set-Cookie", ["a=1", "b=2"]).setHeader("X-Kept", "1");
      response.writeHead(418, "Teapot", { "X-Own": "2", Connection: "close" }).end("tea");
    },
    [418, "tea", "length"],
    { "set-cookie": "a=1, b=2", "x-kept": "1", "x-own": "2", connection: null },
  ],
  ["pieces", async (_, response) => {
    response.write("a");
    await new Promise((resolve) => setTimeout(resolve, 5));
    response.write(Buffer.from("b"));
    response.end("c");
  }, [200, "abc", "chunked"]],
  [
    "a framing of its own",
    (_, response) => {
      response.setHeader("Transfer-Encoding", "chunked").write("x");
      response.end("y");
    },
    [200, "xy", "length"],
    { "transfer-encoding": null },
  ],
  ["bytes beyond ASCII", (_, response) => response.end("grün", "latin1"), [200, "gr\xfcn", "length"]],
  ["no content", (_, response) => response.writeHead(204).end(), [204, "", "none"]],
  [
    "interim heads",
    (_, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      response.end("then");
    },
    [200, "then", "length"],
    { link: null },
  ],
  ["more than fits at once", async (_, response) => {
    for (let at = 0; at < 40; at++) {
      if (!response.write(Buffer.alloc(50_000, 97))) await new Promise((resolve) => response.once("drain", resolve));
    }
    response.end();
  }, [200, "a".repeat(2_000_000), "chunked"]],
  ["a status that does not exist", (_, response) => response.writeHead(999).end("x"), [500, "", ""]],
  ["a throw", () => {
    throw new Error("thrown");
  }, [500, "", ""]],
  ["a rejection", () => Promise.reject(new Error("rejected")), [500, "", ""]],
  ["the end of the connection", (request) => void request.socket.destroy(), [500, "", ""]],
];

Deno.test("what a listener sends arrives", async (t) => {
  for (const [name, listener, [status, body, framing], fields = {}] of SENDING) {
    await t.step(name, async () => {
      const sent = await answer(listener);
      assertEquals(sent.status, status);
      if (status === 500) return assertMatch(sent.log, /^[^\n]+ \[error\] The handler threw for GET "\/a%20b\/"/);
      assertEquals([sent.body, sent.framing, sent.log], [body, framing, ""]);
      for (const [field, value] of Object.entries(fields)) assertEquals(fieldOf(sent, field), value, field);
    });
  }
  await t.step("to HEAD, the head", async () => {
    const handler = handlerOf(({ url }, response) => {
      if (url === "/known") response.setHeader("Content-Length", 5);
      response.end("12345");
    });
    await serving(handler, {}, async ({ publicPath }) => {
      using client = await RawClient.connect({ transport: "unix", path: publicPath });
      for (const [path, length] of [["/known", "5"], ["/unknown", null]] as const) {
        await client.send(`HEAD ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
        const head = await client.response({ toHead: true });
        assertEquals([head.status, fieldOf(head, "content-length")], [200, length]);
      }
    });
  });
});

Deno.test("both sides are told when all is done, and when the client leaves before", async () => {
  const told: string[] = [];
  const listener: Listener = (request, response) => {
    const { url } = request;
    response.on("finish", () => told.push(`finish ${url}`));
    response.on("close", () => told.push(`close ${url} ${response.writableFinished}`));
    request.on("close", () => told.push(`request ${url}`));
    if (url === "/done") response.end("x");
    if (url === "/streams") response.writeHead(200).flushHeaders();
  };
  await serving(handlerOf(listener), {}, async ({ publicPath }) => {
    assertEquals((await ask(publicPath, "GET /done HTTP/1.1\nHost: x\n\n")).body, "x");
    await until("the response is closed", () => told.includes("close /done true"));
    assertEquals(told.splice(0).slice(0, 2), ["finish /done", "close /done true"]);
    for (const path of ["/waits", "/streams"]) {
      const client = await RawClient.connect({ transport: "unix", path: publicPath });
      await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      if (path === "/streams") await client.head();
      client[Symbol.dispose]();
      await until(`${path} is closed`, () => told.includes(`close ${path} false`) && told.includes(`request ${path}`));
    }
  });
});

Deno.test("applications are known by what they can do", async (t) => {
  const listener = () => {};
  const express = Object.assign(() => {}, { handle() {}, listen() {}, use() {} });
  const cases: readonly [name: string, value: unknown, what: string | null][] = [
    ["Express, connect", express, "Express application"],
    ["Koa", { callback: () => listener, use() {}, listen() {} }, "Koa application"],
    ["Fastify", { ready: () => Promise.resolve(), inject() {}, listen() {}, server: {} }, "Fastify application"],
    ["node:http", createServer(), "node:http server"],
    ["a handler", listener, null],
    ["a handler with properties", Object.assign(() => {}, { handle() {} }), null],
    ["an object with fetch and listen, as Elysia's", { fetch() {}, listen() {}, handle() {} }, null],
    ["a router with methods of every name, as itty's", new Proxy({}, { get: () => () => {} }), null],
    ["nothing", undefined, null],
    ["null", null, null],
  ];
  for (const [name, value, what] of cases) {
    await t.step(name, () => assertEquals(nodeApplication(value)?.what ?? null, what));
  }
  await t.step("a server that nobody listens to", async () => {
    const application = nodeApplication(createServer());
    if (application === null) throw new Error("it is one");
    const request = new Request("http://x/");
    const log = await stderrOf(async () => {
      const respond = adapt({ kind: "node", ...application });
      assertEquals((await respond(request, infoOf(request))).status, 500);
    });
    assertMatch(log, /The server has no listener for requests/);
  });
});
