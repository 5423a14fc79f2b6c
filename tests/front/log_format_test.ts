/** Access logs of a front in formats other than combined: what they say of requests that were really made. */
import { assert, assertEquals } from "@std/assert";
import { parseLogFormat } from "../../lib/config/log_format.ts";
import { openAccessLog } from "../../lib/observe/access_log.ts";
import { TestDirectory } from "../support/stackd.ts";
import { TestFront, type TestFrontOptions } from "../support/test_front.ts";
import { reply, TestUpstream } from "../support/test_upstream.ts";

/** The lines that a front has written for what `act` does. */
async function linesOf(
  format: string,
  options: TestFrontOptions,
  act: (front: TestFront) => Promise<void>,
): Promise<string[]> {
  using directory = new TestDirectory();
  const path = directory.at("access.log");
  const accessLog = openAccessLog({ kind: "file", path, format: parseLogFormat(format) });
  {
    await using front = new TestFront({ ...options, accessLog });
    await act(front);
  }
  await accessLog.close();
  return Deno.readTextFileSync(path).trimEnd().split("\n");
}

const SLOW = 120;

Deno.test("a template tells of the upstream, and of times to the millisecond", async () => {
  await using upstream = new TestUpstream(async (_, peer) => {
    await new Promise((resolve) => setTimeout(resolve, SLOW));
    await peer.write(reply("GET done", "201 Created"));
  });
  const format = "$status|$request_method|$request_uri|$host|$upstream_addr|$http_x_a|$body_bytes_sent|$request_time|" +
    "$upstream_response_time";
  const [line = ""] = await linesOf(format, { upstream }, async (front) => {
    const client = await front.connect();
    await client.send('GET /a?b HTTP/1.1\r\nHost: Example.ORG:80\r\nX-A: "b"\r\n\r\n');
    assertEquals((await client.response()).status, 201);
  });
  const parts = line.split("|");
  const { target } = upstream;
  const address = target.transport === "tcp" ? `${target.hostname}:${target.port}` : `unix:${target.path}`;
  assertEquals(parts.slice(0, 7), ["201", "GET", "/a?b", "example.org", address, "\\x22b\\x22", "8"]);
  const [total = 0, above = 0] = parts.slice(7).map((text) => Number(text) * 1_000);
  assert(above >= SLOW - 1 && above < 3 * SLOW + 500, `the upstream took ${above} ms`);
  assert(total >= above && total < above + 500, `the request took ${total} ms`);
});

Deno.test("a request that was asked again elsewhere names both servers, one that is answered here none", async () => {
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = gone.addr;
  gone.close();
  const [line = "", other = ""] = await linesOf("$status $upstream_addr", {
    upstream: { target: { transport: "tcp", hostname: "127.0.0.1", port } },
  }, async (front) => {
    const client = await front.connect();
    await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assertEquals((await client.response()).status, 502);
    await client.send("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    assertEquals((await client.response()).status, 400);
  });
  assertEquals([line, other], [`502 127.0.0.1:${port}`, "400 -"]);
});

Deno.test("json has an object for every request, one that cannot be read too", async () => {
  const lines = await linesOf("json", {}, async (front) => {
    const client = await front.connect();
    await client.send('GET /x HTTP/1.1\r\nHost: x\r\nUser-Agent: a"\\\xc3\xa9\xff\r\n\r\n');
    assertEquals((await client.response()).status, 404);
    await client.send("no request\r\n\r\n");
    assertEquals((await client.response()).status, 400);
  });
  const [found, unread] = lines.map((line) => JSON.parse(line));
  assertEquals([found.status, found.request_uri, found.http_user_agent, found.upstream_addr], [
    404,
    "/x",
    'a"\\é\ufffd',
    null,
  ]);
  assertEquals([unread.status, unread.request_method, unread.host, lines.length], [400, null, null, 2]);
});
