/** Answers of a handler that cannot be passed on. With the compiled binary. @module */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { BINARY, Running, TestDirectory } from "../support/stackd.ts";
import { RawClient } from "../support/raw_http.ts";

/** Answers with a head that is larger than any may be, and notes each time that it is asked. */
const APP = `
export default (request) => {
  Deno.writeTextFileSync("asked", request.method + " ", { append: true });
  return new Response("", { headers: { "x-large": "x".repeat(20_000) } });
};
`;

for (const workers of ["1", "2"]) {
  Deno.test(`a bad answer is a 502 at once, and asked for once, with ${workers} worker(s)`, async () => {
    using directory = new TestDirectory();
    const module = directory.write("app.ts", APP), socket = directory.at("app.sock");
    // Longer than a client here waits: nothing may wait for another worker, which would answer the same.
    const args = ["--front", "--workers", workers, "--queue-timeout", "60", "--access-log", "off"];
    const line = ["gateway", "--socket", socket, ...args, module];
    await using gateway = new Running(BINARY, line, { cwd: directory.path });
    await gateway.untilPrinted(/pid/);
    using client = await RawClient.connect({ transport: "unix", path: socket });
    for (const method of ["GET", "POST"]) {
      await client.send(`${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
      assertEquals((await client.response()).status, 502);
    }
    assertEquals(Deno.readTextFileSync(directory.at("asked")), "GET POST ");
    const said = await gateway.until(
      "the log says why",
      () => gateway.stderr.match(/GET "\/" .*: the upstream sent .*/),
    );
    assertStringIncludes(said[0], "a head of more than 16384 bytes");
  });
}

/** Upgrades a request and does not return what that needs; greets whoever is connected. */
const CARELESS = `
export default async (request, info) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/pid") return new Response(String(Deno.pid));
  info.signal.addEventListener("abort", () => console.log(pathname, info.signal.reason.name));
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => socket.send("hello");
  if (pathname === "/throws") throw new Error("too late");
  if (pathname === "/page") return new Response("a page");
  if (pathname === "/null") return null;
  if (pathname === "/late") await new Promise(() => {});
  return response;
};
`;
const KEY = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

for (const args of [[], ["--front"]]) {
  Deno.test(`whatever follows a request's upgrade, it is a WebSocket: ${args.join(" ") || "no front"}`, async (t) => {
    using directory = new TestDirectory();
    const module = directory.write("app.ts", CARELESS), socket = directory.at("app.sock"), log = directory.at("log");
    const line = ["gateway", "--socket", socket, ...args, "--request-timeout", "1", "--access-log", log];
    await using gateway = new Running(BINARY, [...line, "--trusted-proxies", "unix", module], { cwd: directory.path });
    await gateway.untilPrinted(/pid/);
    const pid = async () => {
      using client = await RawClient.connect({ transport: "unix", path: socket });
      await client.send("GET /pid HTTP/1.1\r\nHost: x\r\n\r\n");
      return (await client.response()).body;
    };
    const before = await pid();
    const cases: [path: string, said: RegExp | null][] = [
      ["/well", null],
      ["/throws", /The handler threw for GET "\/throws" \(request id given-1\): Error: too late/],
      [
        "/page",
        /The handler returned a Response for GET "\/page" \(request id given-2\), which it had made a WebSocket/,
      ],
      ["/null", /The handler returned null instead of a Response for GET "\/null"/],
      ["/late", args.length > 0 ? null : /A request took longer than 1 s: GET "\/late"/],
    ];
    for (const [index, [path, said]] of cases.entries()) {
      await t.step(path, async () => {
        using client = await RawClient.connect({ transport: "unix", path: socket });
        const fields = `X-Request-Id: given-${index}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${KEY}`;
        await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`);
        const { status } = await client.head();
        // A front keeps the time itself, and what it has given up on is nobody's WebSocket.
        if (path === "/late" && args.length > 0) return assertEquals(status, 504);
        assertEquals(status, 101);
        await client.through("hello");
        if (said !== null) await gateway.until("the log says so", () => said.exec(gateway.stderr));
      });
    }
    assertEquals(await pid(), before, "it is the same worker");
    assertEquals(gateway.stdout.match(/\w*Error/g), args.length > 0 ? null : ["TimeoutError"], "signals are aborted");
    const statuses = () => Deno.readTextFileSync(log).match(/(?<=" )\d{3}(?= )/g)?.join(" ");
    if (args.length === 0) await gateway.until("all are logged", () => statuses() === "200 101 101 101 101 101 200");
  });
}
