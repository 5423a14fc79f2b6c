/** A server of a group that dies under load: the compiled proxy, clients that keep their connections, and what they lose. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { BINARY, Running, startProxy } from "../support/stackd.ts";
import { until } from "../support/until.ts";

/** Answers with its process id, after a moment in which the request is in flight. */
const SERVER = `
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log("port " + port) }, async (request) => {
  const body = await request.text();
  await new Promise((resolve) => setTimeout(resolve, 10));
  return new Response(Deno.pid + " " + body);
});
await server.finished;
`;

const CLIENTS = 8;
/** Between two requests of a client, ms: with the 10 ms of an answer, about 300 requests a second in all. */
const PAUSE = 15;
/** Every so many requests one is a POST. */
const POSTS = 5;
/** What may pass between a server's death and the proxy's notice of it, ms. */
const NOTICE = 100;

/** One request that was sent. */
interface Sent {
  readonly post: boolean;
  readonly from: number;
  until: number;
  status: number;
  body: string;
}

async function startServer(): Promise<{ readonly server: Running; readonly port: string }> {
  const server = new Running(Deno.execPath(), ["eval", SERVER]);
  const [, port] = await server.untilPrinted(/^port (\d+)$/m);
  return { server, port };
}

/** Clients that ask until they are stopped; a connection that ends, or an answer that is not one, rejects. */
class Load {
  readonly sent: Sent[] = [];
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(port: number) {
    this.#running = Promise.all(Array.from({ length: CLIENTS }, () => this.#client(port))).then(() => {});
    this.#running.catch(() => {}); // stop() tells
  }

  async #client(port: number): Promise<void> {
    using client = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
    for (let i = 1; !this.#stopped; i++) {
      const post = i % POSTS === 0;
      const request = { post, from: performance.now(), until: Infinity, status: 0, body: "" };
      this.sent.push(request);
      await client.send(
        post
          ? "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello"
          : "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
      );
      const { status, body } = await client.response();
      Object.assign(request, { until: performance.now(), status, body });
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  /** Waits for `n` more answers. */
  async answers(n: number): Promise<void> {
    const wanted = this.#answered + n;
    await until(`${n} more are answered`, () => this.#answered >= wanted);
  }

  get #answered(): number {
    return this.sent.reduce((sum, { status }) => sum + (status > 0 ? 1 : 0), 0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

Deno.test("a server that is killed under load costs at most the POSTs that it had", async (t) => {
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    await t.step(signal, async () => {
      const left = await startServer(), right = await startServer();
      await using _left = left.server;
      await using _right = right.server;
      const group = `http://127.0.0.1:${left.port},http://127.0.0.1:${right.port}`;
      const { proxy, port } = await startProxy(["--upstream", group, "--access-log", "off"]);
      await using _ = proxy;
      const load = new Load(port);
      await load.answers(300);
      const both = new Set(load.sent.map(({ body }) => body.split(" ", 1)[0]).filter((pid) => pid !== ""));
      assertEquals(both, new Set([String(left.server.pid), String(right.server.pid)]));
      const killed = performance.now();
      await left.server.stop(signal);
      const gone = performance.now();
      await load.answers(600);
      await load.stop();
      const seconds = (performance.now() - load.sent[0].from) / 1_000;
      assert(load.sent.length / seconds > 100, `${load.sent.length} in ${seconds} s is no load`);

      const failed = load.sent.filter(({ status }) => status !== 200);
      assertEquals(failed.filter(({ post }) => !post), [], "a GET is asked again elsewhere");
      for (const { status, from, until } of failed) {
        assertEquals(status, 502);
        assert(
          from < gone + NOTICE && until > killed,
          `a POST failed that nobody had: ${from - killed} ms after the kill`,
        );
      }
      assert(failed.length <= CLIENTS, `${failed.length} POSTs failed`);
      const after = load.sent.filter(({ from, status }) => from > gone + NOTICE && status === 200);
      assertEquals(new Set(after.map(({ body }) => body.split(" ", 1)[0])), new Set([String(right.server.pid)]));
      assertMatch(proxy.stderr, /\[warn\] Upstream server 127\.0\.0\.1:\d+ of .* rests for 10 s: max-fails is reached/);
      assertEquals(proxy.stderr.match(/\[error\]/g)?.length ?? 0, failed.length, proxy.stderr);
      assert(!proxy.hasEnded);
    });
  }
});

Deno.test("when the last server is killed clients are told, and served again when it is back", async () => {
  const first = await startServer();
  await using server = first.server;
  const { proxy, port } = await startProxy(["--upstream", `http://127.0.0.1:${first.port}`, "--access-log", "off"]);
  await using _ = proxy;
  using client = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
  const ask = async () => {
    await client.send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    return (await client.response()).status;
  };
  assertEquals(await ask(), 200);
  await server.stop("SIGKILL");
  for (let i = 0; i < 3; i++) assertEquals(await ask(), 502);
  await using again = new Running(Deno.execPath(), ["eval", SERVER.replace("port: 0", `port: ${first.port}`)]);
  await again.untilPrinted(/^port \d+$/m);
  assertEquals(await ask(), 200, "one server alone does not rest");
});

Deno.test("a proxy without a descriptor for a server blames none", async () => {
  const answer = () => new Response("here\n"), quiet = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using first = Deno.serve(quiet, answer), second = Deno.serve(quiet, answer);
  const targets = [first, second].map(({ addr }) => `http://127.0.0.1:${addr.port}`).join(",");
  const args = [BINARY, "proxy", "--listen", "127.0.0.1:0", "--upstream", targets];
  await using proxy = new Running("/bin/sh", ["-c", 'ulimit -n 64; exec "$0" "$@"', ...args]);
  const [, port] = await proxy.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)\//);
  await proxy.untilPrinted(/^ +pid +\d+$/m);
  const address = { transport: "tcp", hostname: "127.0.0.1", port: Number(port) } as const;
  const ask = async (client: RawClient) => {
    await client.send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    const response = await client.response();
    return `${response.status} ${fieldOf(response, "retry-after")}`;
  };
  const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(address)));
  await proxy.until("it cannot accept any more", () => /Cannot accept a connection/.test(proxy.stderr));
  assertEquals(await ask(clients[0]), "503 1");
  for (const client of clients) client.close();
  using client = await RawClient.connect(address);
  for (let i = 0; i < 4; i++) assertEquals(await ask(client), "200 null");
  assert(!proxy.stderr.includes("rests"), proxy.stderr);
});

Deno.test("a proxy that was stopped for longer than its timeouts fails nobody who was in time", async () => {
  const asked = Promise.withResolvers<void>(), answer = Promise.withResolvers<Response>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    if (new URL(request.url).pathname !== "/slow") return request.text().then((body) => new Response(body));
    asked.resolve();
    return answer.promise;
  });
  const timeouts = ["--header-timeout", "2", "--body-timeout", "2", "--upstream-timeout", "2"];
  const { proxy, port } = await startProxy(["--upstream", `http://127.0.0.1:${server.addr.port}`, ...timeouts]);
  await using _ = proxy;
  const connect = () => RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
  using waiting = await connect(), heading = await connect(), uploading = await connect();
  await waiting.send("GET /slow HTTP/1.1\r\nHost: a.example\r\n\r\n");
  await heading.send("GET / HTTP/1.1\r\nHost: ");
  await uploading.send("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\na");
  await asked.promise;
  proxy.kill("SIGSTOP");
  answer.resolve(new Response("here"));
  await heading.send("a.example\r\n\r\n");
  await uploading.send("b");
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  proxy.kill("SIGCONT");
  const statuses = [waiting, heading, uploading].map(async (client) => (await client.response()).status);
  assertEquals(await Promise.all(statuses), [200, 200, 200]);
});
