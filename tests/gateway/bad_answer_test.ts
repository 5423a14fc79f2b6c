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

/** Upgrades a request and does not return what that needs. */
const CARELESS = `
export default (request) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("well");
  Deno.upgradeWebSocket(request);
  throw new Error("too late");
};
`;

for (const args of [[], ["--front"]]) {
  Deno.test(`a handler that upgrades a request and throws costs its worker, which is replaced: ${args.join(" ") || "no front"}`, async () => {
    using directory = new TestDirectory();
    const module = directory.write("app.ts", CARELESS), socket = directory.at("app.sock");
    const line = ["gateway", "--socket", socket, ...args, "--access-log", "off", module];
    await using gateway = new Running(BINARY, line, { cwd: directory.path });
    await gateway.untilPrinted(/pid/);
    const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    using careless = await RawClient.connect({ transport: "unix", path: socket });
    await careless.send(`GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`);
    await gateway.until("the log says so", () => /Deno has ended its server/.exec(gateway.stderr));
    for (let answered = false; !answered;) {
      // Refused or cut off until the new worker is there; the test's own deadline ends it.
      using client = await RawClient.connect({ transport: "unix", path: socket }).catch(() => null);
      await client?.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").catch(() => {});
      answered = (await client?.response().catch(() => null))?.body === "well";
      if (!answered) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
}
