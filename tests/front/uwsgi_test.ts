/** A front's listener for the uwsgi protocol: how it answers, whom it lets in, and how it ends. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fieldOf } from "../support/raw_http.ts";
import { saying } from "../support/routes.ts";
import { TestFront, type TestFrontOptions } from "../support/test_front.ts";
import { answering, reply, TestUpstream } from "../support/test_upstream.ts";
import { until } from "../support/until.ts";
import { packetWith } from "../uwsgi/corpus/requests.ts";

const LOOPBACK = ["127.0.0.0/8"];

function front(options: TestFrontOptions = {}, allowFrom: readonly string[] = LOOPBACK): TestFront {
  const listen = { transport: "tcp", hostname: "127.0.0.1", port: 0, uwsgi: { allowFrom } } as const;
  return new TestFront({ routes: options.upstream === undefined ? [saying("hello")] : [], listen, ...options });
}

/** The answer to one packet. */
async function ask(running: TestFront, packet: string) {
  const client = await running.connect();
  await client.send(packet);
  return await client.response();
}

Deno.test("an answer is framed by its length or its end, never in chunks, whatever the client speaks", async (t) => {
  const cases: [name: string, response: string, framing: string, body: string][] = [
    ["a length", reply("hello"), "length", "hello"],
    ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "close", "hello"],
    ["chunks without a byte", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "close", ""],
    ["its end", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", "close", "hello"],
    ["no body", 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', "none", ""],
    [
      "an interim answer before it",
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${reply("hello")}`,
      "length",
      "hello",
    ],
  ];
  for (const [name, response, framing, body] of cases) {
    for (const SERVER_PROTOCOL of ["HTTP/1.1", "HTTP/1.0", "HTTP/2.0"]) {
      await t.step(`${name}, ${SERVER_PROTOCOL}`, async () => {
        await using upstream = new TestUpstream(async (request, peer) => {
          await answering(response)(request, peer);
          if (name === "its end") peer.close();
        });
        await using running = front({ upstream });
        const answer = await ask(running, packetWith({ SERVER_PROTOCOL }));
        assertEquals([answer.framing, answer.body, answer.interim], [framing, body, []]);
        assertEquals(fieldOf(answer, "transfer-encoding"), null);
        assertEquals(fieldOf(answer, "connection"), "close");
      });
    }
  }
});

Deno.test("REMOTE_ADDR is the client: forwarded, logged, counted, and trusted as if it had connected itself", async () => {
  await using upstream = new TestUpstream(answering(reply("hello")));
  const trustedProxies = { unix: false, networks: ["10.0.0.0/8"] };
  await using running = front({ upstream, trustedProxies, limits: { maxConnectionsPerClient: 1 } });
  const forged = { HTTP_X_FORWARDED_FOR: "198.51.100.7", HTTP_X_FORWARDED_PROTO: "https", HTTP_X_REQUEST_ID: "mine-1" };
  const seenOf = async (n: number) => {
    const seen = await upstream.request(n);
    return ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"].map((name) => fieldOf(seen, name));
  };
  await ask(running, packetWith(forged));
  assertEquals(await seenOf(1), ["203.0.113.9", "http", "a.example"]);
  await ask(running, packetWith({ REMOTE_ADDR: "10.1.2.3", ...forged }));
  assertEquals(await seenOf(2), ["198.51.100.7, 10.1.2.3", "https", "a.example"]);
  await ask(running, packetWith({ REMOTE_ADDR: "10.1.2.3", HTTPS: "on", HTTP_X_FORWARDED_FOR: "198.51.100.7" }));
  assertEquals(await seenOf(3), ["198.51.100.7, 10.1.2.3", "https", "a.example"]);
  assertEquals((await running.log.entry(3)).remoteAddress, "198.51.100.7");
  assertEquals((await running.log.entry(1)).requestLine, "GET / HTTP/1.1");

  const holder = await running.connect();
  await holder.send(packetWith({ REQUEST_METHOD: "POST", CONTENT_LENGTH: "5", REMOTE_ADDR: "192.0.2.1" }));
  await upstream.request(4);
  assertEquals((await ask(running, packetWith({ REMOTE_ADDR: "192.0.2.1" }))).status, 503);
  assertEquals((await ask(running, packetWith({ REMOTE_ADDR: "192.0.2.2" }))).status, 200);
  await holder.send("hello");
  assertEquals((await holder.response()).status, 200);
});

Deno.test("peers that --uwsgi-allow-from does not name are closed, and the error log says so", async () => {
  await using running = front({}, ["192.0.2.0/24"]);
  const client = await running.connect();
  // What it has sent may reset the connection.
  assertEquals((await client.end()).rest, "");
  await until("the error log has a line", () => running.errors.text !== "");
  assertStringIncludes(
    running.errors.text,
    "[warn] Closed a connection of 127.0.0.1: --uwsgi-allow-from does not name it\n",
  );
  assertEquals(running.log.entries, []);
});

Deno.test("HTTP on a uwsgi socket, and uwsgi on an HTTP socket: 400, and the error log says which", async () => {
  await using uwsgi = front();
  const http = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
  assertEquals((await ask(uwsgi, http)).status, 400);
  assertMatch(uwsgi.errors.text, /\[warn\] Refused a request of 127\.0\.0\.1: HTTP was sent to a uwsgi socket\n/);
  assertEquals((await uwsgi.log.entry()).requestLine, "GET /a HTTP/1.1");

  for (const [bytes, protocol] of [[packetWith({}), "the uwsgi protocol"], ["\x16\x03\x01\x02\0\x01\0", "TLS"]]) {
    await using plain = new TestFront({ routes: [saying("hello")] });
    assertEquals((await ask(plain, bytes)).status, 400);
    const line = `[warn] Refused a connection of 127.0.0.1: ${protocol} was sent to an HTTP socket\n`;
    assertStringIncludes(plain.errors.text, line);
  }
  await using plain = new TestFront({ routes: [saying("hello")] });
  assertEquals((await ask(plain, "@@@\r\n\r\n")).status, 400);
  assertEquals(plain.errors.text, "");
});

Deno.test("more connections than --max-connections get 503 before anything is read", async () => {
  await using running = front({ limits: { maxConnections: 1 } });
  const first = await running.connect();
  await first.send("\0");
  await until("it is being introduced", async () => {
    const second = await running.connect();
    try {
      return (await second.response({ timeout: 200 })).status === 503;
    } catch {
      return false;
    }
  });
  await first.send(packetWith({}).slice(1));
  assertEquals((await first.response()).status, 200);
});

Deno.test("drain() waits for a packet that has begun to come, and answers it", async () => {
  await using running = front();
  const client = await running.connect(), packet = packetWith({});
  await client.send(packet.slice(0, 20));
  const silent = await running.connect();
  // Both have been accepted when a later one is answered.
  assertEquals((await ask(running, packet)).status, 200);
  const draining = running.front.drain(10_000);
  assertEquals((await silent.end()).rest, "");
  await client.send(packet.slice(20));
  assertEquals((await client.response()).status, 200);
  await draining;
});
