/** The compiled gateway behind a real nginx's uwsgi_pass. @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fieldOf, RawClient, type RawResponse } from "../support/raw_http.ts";
import { freePort } from "../support/free_port.ts";
import { noise, sha256 } from "../support/noise.ts";
import { installed, type Running, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { type RunningNginx, startUwsgiGateway, startUwsgiNginx } from "../support/uwsgi_gateway.ts";

const APP = `
let waiting = 0, begun = 0, aborted = 0;
const all = Promise.withResolvers();
export default async (request, { remoteAddr, prefix, signal }) => {
  const url = new URL(request.url), { method, headers } = request;
  switch (url.pathname) {
    case "/digest": {
      const bytes = await request.arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
      return new Response(bytes.byteLength + " " + hash + " " + headers.get("content-length"));
    }
    case "/blob":
      return new Response(new Uint8Array(10_000_000).fill(120));
    case "/unchanged":
      return new Response(null, { status: 304, headers: { ETag: '"a"' } });
    case "/known":
      return new Response("known", { headers: { ETag: '"b"' } });
    case "/together":
      if (++waiting === Number(url.searchParams.get("n"))) all.resolve();
      await all.promise;
      return new Response("together");
    case "/hang":
      begun++;
      return await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
        .finally(() => aborted++);
    case "/hanging":
      return new Response(begun + " begun, " + aborted + " aborted");
    case "/stream": {
      let sent = 0;
      const pull = async (controller) => {
        if (sent++ === 0) return controller.enqueue(new TextEncoder().encode("first "));
        await all.promise;
        controller.enqueue(new TextEncoder().encode("last"));
        controller.close();
      };
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers: { "X-Accel-Buffering": "no" } });
    }
    case "/release":
      all.resolve();
      return new Response("released");
    case "/upload": {
      const reader = request.body.getReader();
      const { value } = await reader.read();
      return new Response(new TextDecoder().decode(value));
    }
    case "/throw":
      throw new Error("on purpose");
  }
  return Response.json({ method, url: request.url, remote: remoteAddr.hostname, prefix });
};
`;

/** A gateway with APP, and an nginx in front of it. */
class Pair implements AsyncDisposable {
  constructor(readonly directory: TestDirectory, readonly gateway: Running, readonly nginx: RunningNginx) {}

  static async start(args: readonly string[] = [], more = ""): Promise<Pair> {
    const directory = new TestDirectory();
    directory.write("app.js", APP);
    const socket = directory.at("app.sock");
    const all = ["--chmod-socket", "666", "--access-log", "off", ...args];
    const gateway = await startUwsgiGateway(socket, directory.at("app.js"), all);
    const nginx = await startUwsgiNginx(
      directory,
      `location / { uwsgi_pass "unix:${socket}"; PARAMS } ${more.replaceAll("SOCKET", `unix:${socket}`)}`,
    );
    return new Pair(directory, gateway, nginx);
  }

  connect(): Promise<RawClient> {
    return RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port: this.nginx.port });
  }

  async ask(head: string, body: string | Uint8Array = ""): Promise<RawResponse> {
    using client = await this.connect();
    await client.send(`${head.trim()}\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
    if (body.length > 0) await client.send(body);
    return await client.response({ toHead: head.startsWith("HEAD") });
  }

  async json(head: string): Promise<Record<string, string>> {
    return JSON.parse((await this.ask(head)).body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nginx[Symbol.asyncDispose]();
    await this.gateway[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

function test(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  const missing = installed("nginx") ? "" : " (no nginx here)";
  Deno.test({ name: `behind nginx's uwsgi_pass, ${name}${missing}`, ignore: missing !== "", fn });
}

test("requests and responses of every kind pass", async () => {
  await using pair = await Pair.start();
  const got = await pair.json("GET /a/b?c=d HTTP/1.1");
  assertEquals(got, { method: "GET", url: "http://a.example/a/b?c=d", remote: "127.0.0.1", prefix: "" });

  const blob = noise(10_000_000), digest = await sha256(blob);
  const posted = await pair.ask(`POST /digest HTTP/1.1\r\nContent-Length: ${blob.length}`, blob);
  assertEquals([posted.status, posted.body], [200, `10000000 ${digest} 10000000`]);

  const chunked = await pair.connect();
  using _chunked = chunked;
  await chunked.send("POST /digest HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let at = 0; at < blob.length; at += 1_000_000) {
    await chunked.send(`${(1_000_000).toString(16)}\r\n`);
    await chunked.send(blob.subarray(at, at + 1_000_000));
    await chunked.send("\r\n");
  }
  await chunked.send("0\r\n\r\n");
  assertEquals((await chunked.response()).body, `10000000 ${digest} 10000000`);

  const large = await pair.ask("GET /blob HTTP/1.1");
  assertEquals([large.status, large.body.length], [200, 10_000_000]);

  const head = await pair.ask("HEAD /known HTTP/1.1");
  assertEquals([head.status, fieldOf(head, "content-length"), fieldOf(head, "etag")], [200, "5", '"b"']);
  const unchanged = await pair.ask('GET /unchanged HTTP/1.1\r\nIf-None-Match: "a"');
  assertEquals([unchanged.status, fieldOf(unchanged, "etag"), unchanged.body], [304, '"a"', ""]);
  assertEquals((await pair.ask("GET /throw HTTP/1.1")).status, 500);
  assertEquals((await pair.json("GET / HTTP/1.0")).url, "http://a.example/");
});

test("paths and queries arrive as they were sent", async (t) => {
  await using pair = await Pair.start(
    [],
    `location /old { rewrite ^/old(.*)$ /new$1 break; uwsgi_pass "SOCKET"; PARAMS }`,
  );
  const cases: [sent: string, seen?: string][] = [
    ["/?q=%2Fa%2fb"],
    ["/?q=a%00b"],
    ["/?q=%C3%BC%E6%97%A5"],
    ["/?a=&b&=c&&d=="],
    ["/?"],
    ["/??"],
    ["/?a?b/c;d|e"],
    ["/?q=\u00c3\u00bc", "/?q=%C3%BC"],
    ["/a%2Fb/%C3%A9?q=%2F"],
    ["/a%20b%25"],
    ["/a//b"],
    ["/x/../y"],
    ["/old/a%2Fb?q=%2F", "/new/a/b?q=%2F"],
    ["http://a.example/abs?q=%2F", "/abs?q=%2F"],
  ];
  for (const [sent, seen = sent] of cases) {
    await t.step(sent, async () => {
      assertEquals((await pair.json(`GET ${sent} HTTP/1.1`)).url, `http://a.example${seen}`);
    });
  }
});

test("1,000 clients are served at the same time", async () => {
  await using pair = await Pair.start(["--worker-requests", "1000"]);
  const clients = await Promise.all(Array.from({ length: 1_000 }, () => pair.connect()));
  try {
    await Promise.all(clients.map((client) => client.send("GET /together?n=1000 HTTP/1.1\r\nHost: a.example\r\n\r\n")));
    const responses = await Promise.all(clients.map((client) => client.response({ timeout: 60_000 })));
    assertEquals(responses.filter(({ status, body }) => status !== 200 || body !== "together"), []);
  } finally {
    for (const client of clients) client.close();
  }
  assert(!pair.gateway.hasEnded);
});

test("a client that leaves aborts its request", async () => {
  await using pair = await Pair.start();
  const client = await pair.connect();
  await client.send("GET /hang HTTP/1.1\r\nHost: a.example\r\n\r\n");
  const hanging = async () => (await pair.ask("GET /hanging HTTP/1.1")).body;
  await until("the handler has it", async () => await hanging() === "1 begun, 0 aborted");
  client.close();
  await until("the handler sees it go", async () => await hanging() === "1 begun, 1 aborted");
});

test("both ways are streamed", async () => {
  await using pair = await Pair.start(
    [],
    `location /upload { uwsgi_request_buffering off; uwsgi_pass "SOCKET"; PARAMS }`,
  );
  using down = await pair.connect();
  await down.send("GET /stream HTTP/1.1\r\nHost: a.example\r\n\r\n");
  assertStringIncludes(await down.through("first "), "200 OK");
  assertEquals((await pair.ask("GET /release HTTP/1.1")).body, "released");
  await down.through("last");
  using up = await pair.connect();
  await up.send("POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\npart");
  const response = await up.response();
  assertEquals([response.status, response.body], [200, "part"]);
});

test("what nginx says of the client and of the application's place is believed", async () => {
  await using pair = await Pair.start(
    [],
    `location /app { uwsgi_pass "SOCKET"; PARAMS uwsgi_param SCRIPT_NAME /app; uwsgi_param HTTPS on; }
     location /other { uwsgi_pass "SOCKET"; PARAMS uwsgi_param REMOTE_ADDR 2001:db8::9; }`,
  );
  const app = await pair.json("GET /app/a%2Fb?c HTTP/1.1\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Prefix: /evil");
  assertEquals(app, { method: "GET", url: "https://a.example/a%2Fb?c", remote: "127.0.0.1", prefix: "/app" });
  const other = await pair.json("GET /other HTTP/1.1");
  assertEquals([other.remote, other.prefix], ["2001:db8::9", ""]);
});

test("wrong ends find each other: nginx shows 400, and the gateway says why", async () => {
  const http = freePort();
  await using pair = await Pair.start(
    ["--http", `127.0.0.1:${http}`],
    `location /as-http { proxy_pass "http://SOCKET"; }
     location /as-uwsgi { uwsgi_pass 127.0.0.1:${http}; PARAMS }`,
  );
  const { gateway } = pair;
  assertEquals((await pair.ask("GET /as-http HTTP/1.1")).status, 400);
  await gateway.until("it says so", () => gateway.stderr.includes("HTTP was sent to a uwsgi socket"));
  assertEquals((await pair.ask("GET /as-uwsgi HTTP/1.1")).status, 400);
  await gateway.until("it says so", () => gateway.stderr.includes("the uwsgi protocol was sent to an HTTP socket"));
  assertEquals((await pair.json("GET / HTTP/1.1")).method, "GET");
});
