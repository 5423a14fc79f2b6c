/** The chain client ⇄ proxy ⇄ unix socket ⇄ gateway ⇄ handler, with the compiled binary. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  BINARY,
  installed,
  residentMemory,
  Running,
  stackd,
  startGateway,
  startProxy,
  TestDirectory,
} from "../support/stackd.ts";
import { accepts, until } from "../support/until.ts";

const HANDLER = `
import { greeting } from "./lib/greeting.ts";
const digest = async (bytes: Uint8Array<ArrayBuffer>) =>
  [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16)).join("");
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/hello/say/") return Response.json(greeting);
    if (pathname === "/upload") {
      const whole = await request.bytes();
      return new Response(\`\${whole.length} \${await digest(whole)}\`);
    }
    if (pathname === "/download") {
      let left = Number(searchParams.get("bytes"));
      return new Response(new ReadableStream({
        pull(controller) {
          const piece = new Uint8Array(Math.min(left, 65_536));
          for (let i = 0; i < piece.length; i++) piece[i] = left + i;
          left -= piece.length;
          if (piece.length > 0) controller.enqueue(piece);
          if (left === 0) controller.close();
        },
      }));
    }
    if (pathname === "/slow") {
      await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("ms"))));
      return new Response("slow\\n");
    }
    if (pathname === "/ws") {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    }
    if (pathname === "/throw") throw new Error("a secret of the handler");
    if (pathname === "/nothing") return undefined as unknown as Response;
    return new Response("not here", { status: 404 });
  },
};
`;

/** A directory with the handler in it. */
function application(): TestDirectory {
  const directory = new TestDirectory();
  directory.write("my app/lib/greeting.ts", `export const greeting: { res: string } = { res: "Hello" };`);
  directory.write("my app/app.ts", HANDLER);
  return directory;
}

/** 50 MB that no layer could make up. */
function noise(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(50_000_000);
  for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16)).join("");
}

Deno.test("the chain answers over a unix socket, from a relative path in a directory with spaces", async () => {
  using directory = application();
  const cwd = directory.path;
  await using gateway = await startGateway("./app.sock", "./my app/app.ts", [], { cwd });
  await using started = (await startProxy(["--upstream", "unix:./app.sock"], { cwd })).proxy;
  const [, port] = await started.untilPrinted(/127\.0\.0\.1:(\d+)/);
  const response = await fetch(`http://127.0.0.1:${port}/hello/say/`);
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(await response.json(), { res: "Hello" });
  assertEquals(Deno.statSync(directory.at("app.sock")).mode! & 0o777, 0o660); // stat has a mode on every unix
  assertEquals((await gateway.stop()).code, 0);
  assertEquals((await started.stop()).code, 0);
});

Deno.test("the chain answers over TCP", async () => {
  using directory = application();
  await using gateway = stackd(["gateway", "--http", "127.0.0.1:0", directory.at("my app/app.ts")]);
  const [, gatewayPort] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  const { proxy, url } = await startProxy(["--upstream", `http://127.0.0.1:${gatewayPort}`]);
  await using _ = proxy;
  assertEquals(await (await fetch(`${url}/hello/say/`)).json(), { res: "Hello" });
  assertEquals(await (await fetch(`http://127.0.0.1:${gatewayPort}/hello/say/`)).json(), { res: "Hello" });
});

Deno.test("the chain moves 50 MB both ways unchanged, in bounded memory", async () => {
  using directory = application();
  const socket = directory.at("app.sock");
  await using _gateway = await startGateway(socket, directory.at("my app/app.ts"));
  const { proxy, url } = await startProxy(["--upstream", `unix:${socket}`, "--max-body", "100m"]);
  await using _proxy = proxy;
  const body = noise();
  const expected = `${body.length} ${await sha256(body)}`;
  await (await fetch(`${url}/hello/say/`)).text();
  const before = residentMemory(proxy.pid);
  assertEquals(await (await fetch(`${url}/upload`, { method: "POST", body })).text(), expected);
  // Without a length it goes in chunks.
  const stream = new Blob([body]).stream();
  assertEquals(await (await fetch(`${url}/upload`, { method: "POST", body: stream })).text(), expected);
  const downloaded = await (await fetch(`${url}/download?bytes=50000000`)).bytes();
  assertEquals(downloaded.length, 50_000_000);
  for (let at = 0; at < downloaded.length; at += 65_536) {
    const left = 50_000_000 - at;
    assertEquals([downloaded[at], downloaded[Math.min(at + 777, 49_999_999)]], [left & 255, (left + 777) & 255]);
  }
  const growth = residentMemory(proxy.pid) - before;
  assert(growth < 32 * 1024, `the proxy grew by ${growth} KiB`);
});

Deno.test("the proxy refuses 50 MB with 413 when --max-body is not raised", async () => {
  using directory = application();
  const socket = directory.at("app.sock");
  await using _gateway = await startGateway(socket, directory.at("my app/app.ts"));
  const { proxy, url } = await startProxy(["--upstream", `unix:${socket}`]);
  await using _proxy = proxy;
  const response = await fetch(`${url}/upload`, { method: "POST", body: noise() });
  assertEquals(response.status, 413);
  assertMatch(await response.text(), /^413 Content Too Large\n/);
});

Deno.test("a WebSocket echoes through the chain, text and binary", async () => {
  using directory = application();
  const socket = directory.at("app.sock");
  await using _gateway = await startGateway(socket, directory.at("my app/app.ts"));
  const { proxy, port } = await startProxy(["--upstream", `unix:${socket}`]);
  await using _proxy = proxy;
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  client.binaryType = "arraybuffer";
  const opened = Promise.withResolvers<void>(), closed = Promise.withResolvers<CloseEvent>();
  const received: (string | ArrayBuffer)[] = [];
  client.onopen = () => opened.resolve();
  client.onclose = (event) => closed.resolve(event);
  client.onmessage = ({ data }) => received.push(data);
  await opened.promise;
  client.send("안녕");
  client.send(new Uint8Array(200_000).fill(7));
  await until("both messages came back", () => received.length === 2);
  assertEquals(received[0], "안녕");
  assertEquals(new Uint8Array(received[1] as ArrayBuffer), new Uint8Array(200_000).fill(7));
  client.close(4_001, "done");
  const { code, reason, wasClean } = await closed.promise;
  assertEquals([code, reason, wasClean], [4_001, "done", true]);
  await proxy.untilPrinted(/"GET \/ws HTTP\/1.1" 101 \d+/);
});

Deno.test("10,000 keep-alive requests through proxy and gateway have no error", async () => {
  using directory = application();
  const socket = directory.at("app.sock");
  await using _gateway = await startGateway(socket, directory.at("my app/app.ts"), ["--access-log", "off"]);
  const { proxy, url } = await startProxy(["--upstream", `unix:${socket}`, "--access-log", "off"]);
  await using _proxy = proxy;
  let good = 0;
  await Promise.all(Array.from({ length: 20 }, async () => {
    for (let i = 0; i < 500; i++) {
      const response = await fetch(`${url}/hello/say/`);
      if (response.status === 200 && await response.text() === `{"res":"Hello"}`) good++;
    }
  }));
  assertEquals(good, 10_000);
});

/** Clients with a connection for each request, until connecting is refused. What was accepted must be answered. */
class Load {
  answered = 0;
  refused = 0;
  lost = 0;
  readonly done: Promise<unknown>;

  constructor(connect: () => Promise<Deno.Conn>, clients = 30) {
    this.done = Promise.all(Array.from({ length: clients }, () => this.#client(connect)));
  }

  async #client(connect: () => Promise<Deno.Conn>): Promise<void> {
    const request = new TextEncoder().encode("GET /slow?ms=20 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (;;) {
      let conn: Deno.Conn;
      try {
        conn = await connect();
      } catch {
        this.refused++;
        return;
      }
      try {
        await conn.write(request);
        const answer = await new Response(conn.readable).text();
        if (/^HTTP\/1.1 200 [^]*slow\n/.test(answer)) this.answered++;
        else this.lost++;
      } catch {
        this.lost++;
      }
    }
  }
}

Deno.test("the gateway's TERM under load answers every accepted request and leaves nothing behind", async () => {
  using directory = application();
  const path = directory.at("app.sock");
  await using gateway = await startGateway(path, directory.at("my app/app.ts"), ["--access-log", "off"]);
  const load = new Load(() => Deno.connect({ transport: "unix", path }));
  await until("requests are being answered", () => load.answered > 200);
  const { code, stderr } = await gateway.stop();
  await load.done;
  assertEquals(code, 0, stderr);
  assertEquals([load.lost, load.refused], [0, 30], `${load.answered} answered`);
  assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name), ["my app"]);
});

Deno.test("the proxy's TERM under load answers every accepted request and leaves nothing behind", async () => {
  using directory = application();
  const socket = directory.at("app.sock"), pidfile = directory.at("proxy.pid");
  await using _gateway = await startGateway(socket, directory.at("my app/app.ts"), ["--access-log", "off"]);
  const { proxy, port } = await startProxy(["--upstream", `unix:${socket}`, "--pidfile", pidfile]);
  await using _proxy = proxy;
  assertEquals(Deno.readTextFileSync(pidfile), `${proxy.pid}\n`);
  const load = new Load(() => Deno.connect({ hostname: "127.0.0.1", port }));
  await until("requests are being answered", () => load.answered > 200);
  const { code, stderr } = await proxy.stop();
  await load.done;
  assertEquals(code, 0, stderr);
  assertEquals([load.lost, load.refused], [0, 30], `${load.answered} answered`);
  assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name).sort(), ["app.sock", "my app"]);
});

Deno.test("a handler that throws or returns nothing answers 500 with an id that the log explains", async () => {
  using directory = application();
  const socket = directory.at("app.sock");
  await using gateway = await startGateway(socket, directory.at("my app/app.ts"));
  const { proxy, url } = await startProxy(["--upstream", `unix:${socket}`]);
  await using _proxy = proxy;
  const thrown = await fetch(`${url}/throw`, { headers: { accept: "application/json" } });
  assertEquals(thrown.status, 500);
  const text = await thrown.text();
  const { requestId } = JSON.parse(text);
  assert(!text.includes("secret"), "the handler's error stays in the log");
  await gateway.until("the log has the stack", () => gateway.stderr.includes("a secret of the handler"));
  assert(gateway.stderr.includes(requestId), gateway.stderr);
  assertMatch(gateway.stderr, /my app\/app\.ts:\d+:\d+/);
  const nothing = await fetch(`${url}/nothing`);
  assertEquals([nothing.status, (await nothing.text()).split("\n", 1)[0]], [500, "500 Internal Server Error"]);
  await gateway.until("the log says so", () => /returned undefined instead of a Response/.test(gateway.stderr));
  assertEquals(await (await fetch(`${url}/hello/say/`)).json(), { res: "Hello" });
});

Deno.test("an upstream that is down is a 502, and works when it is back", async () => {
  using directory = application();
  const socket = directory.at("app.sock");
  const { proxy, url } = await startProxy(["--upstream", `unix:${socket}`]);
  await using _proxy = proxy;
  const response = await fetch(`${url}/hello/say/`);
  assertEquals(response.status, 502);
  assertMatch(await response.text(), /^502 Bad Gateway\nrequest id: \S+\n$/);
  assertMatch(proxy.stderr, /the upstream cannot be connected to: no such socket/);
  await using _gateway = await startGateway(socket, directory.at("my app/app.ts"));
  assertEquals(await (await fetch(`${url}/hello/say/`)).json(), { res: "Hello" });
});

Deno.test("access-log lines are nginx's combined, on both sides", async () => {
  using directory = application();
  const socket = directory.at("app.sock");
  await using gateway = await startGateway(socket, directory.at("my app/app.ts"), ["--trusted-proxies", "unix"]);
  const log = directory.at("access.log");
  const { proxy, url } = await startProxy(["--upstream", `unix:${socket}`, "--access-log", log]);
  await using _proxy = proxy;
  const headers = { referer: "http://example.org/", "user-agent": 'an "agent"' };
  await (await fetch(`${url}/hello/say/?a=b`, { headers })).text();
  const line =
    /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/hello\/say\/\?a=b HTTP\/1\.1" 200 (\d+|-) "http:\/\/example\.org\/" "an \\x22agent\\x22"$/m;
  await until("the proxy has logged", () => line.test(Deno.readTextFileSync(log)));
  await gateway.untilPrinted(line);
});

Deno.test("closed standard output ends nothing", async () => {
  using directory = application();
  const socket = directory.at("app.sock");
  // The shell's `head` leaves after the banner; what is printed afterwards has no reader.
  const script = `"$0" gateway --socket '${socket}' '${directory.at("my app/app.ts")}' | head -n 1; cat`;
  await using shell = new Deno.Command("bash", {
    args: ["-c", script, BINARY],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const stdout = shell.stdout.getReader();
  await stdout.read();
  await until("the socket serves", () => accepts({ transport: "unix", path: socket }));
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  for (let i = 0; i < 5; i++) {
    assertEquals(await (await fetch("http://localhost/hello/say/", { client })).json(), { res: "Hello" });
  }
  await new Deno.Command("pkill", { args: ["-TERM", "-f", `gateway --socket ${socket}`] }).output();
  await until("the socket is gone", () => accepts({ transport: "unix", path: socket }).then((yes) => !yes));
  await shell.stdin.close();
  await stdout.cancel();
});

Deno.test({
  name: "a real nginx in front of the gateway serves the application" + (installed("nginx") ? "" : " (no nginx here)"),
  ignore: !installed("nginx"),
  async fn() {
    using directory = application();
    const socket = directory.at("app.sock");
    await using gateway = await startGateway(socket, directory.at("my app/app.ts"), [
      "--chmod-socket",
      "666",
      "--trusted-proxies",
      "unix",
    ]);
    const port = freePort();
    const config = directory.write(
      "nginx.conf",
      `daemon off; pid "${directory.at("nginx.pid")}"; error_log stderr; worker_processes 1;
      events { worker_connections 64; }
      http {
        access_log off; client_max_body_size 100m;
        client_body_temp_path "${directory.at("body")}"; proxy_temp_path "${directory.at("proxy")}";
        fastcgi_temp_path "${directory.at("f")}"; uwsgi_temp_path "${directory.at("u")}"; scgi_temp_path "${
        directory.at("s")
      }";
        upstream app { server "unix:${socket}"; keepalive 4; }
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;
          }
        }
      }`,
    );
    // nginx's workers run as another user, who must be able to reach the socket.
    Deno.chmodSync(directory.path, 0o755);
    await using nginx = new Running("nginx", ["-c", config, "-p", directory.path]);
    await nginx.until("nginx listens", () => accepts({ hostname: "127.0.0.1", port }));
    for (let i = 0; i < 200; i++) {
      const response = await fetch(`http://127.0.0.1:${port}/hello/say/`);
      assertEquals([response.status, await response.text()], [200, `{"res":"Hello"}`]);
    }
    await gateway.untilPrinted(/^127\.0\.0\.1 - - .*"GET \/hello\/say\//m);
    const body = noise();
    const response = await fetch(`http://127.0.0.1:${port}/upload`, { method: "POST", body });
    assertEquals(await response.text(), `${body.length} ${await sha256(body)}`);
    assertEquals((await nginx.stop("SIGQUIT")).code, 0);
  },
});

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("a 205 ends at its head, and an answer before the body's end says that it is the last", async () => {
  using directory = new TestDirectory();
  const module = directory.write(
    "app.ts",
    `export default (request: Request) => request.url.endsWith("/reset") ? new Response(null, { status: 205 }) : new Response("early");`,
  );
  await using gateway = stackd(["gateway", "--http", "127.0.0.1:0", module]);
  const port = Number((await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/))[1]);
  const reset = await fetch(`http://127.0.0.1:${port}/reset`);
  assertEquals([reset.status, reset.headers.get("content-length"), await reset.text()], [205, "0", ""]);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\nonly this"));
  const buffer = new Uint8Array(2_048);
  const head = new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
  assertMatch(head, /^HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n[^]*early$/);
});
