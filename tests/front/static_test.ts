/** Files through the whole front: routing, ranges, HEAD, and files larger than a buffer. */
import { plainRoute } from "../../lib/config/route_options.ts";
import { assert, assertEquals } from "@std/assert";
import { get, head, post } from "../http1/corpus/case.ts";
import { fieldOf, type RawResponse } from "../support/raw_http.ts";
import { TestDirectory } from "../support/stackd.ts";
import { TestFront } from "../support/test_front.ts";
import { TestUpstream } from "../support/test_upstream.ts";

const LARGE = Array.from({ length: 20_000 }, (_, i) => String(i).padStart(10)).join("");

Deno.test("a static route serves files beside an upstream", async (t) => {
  using directory = new TestDirectory();
  directory.write("small.txt", "hello");
  directory.write("large.txt", LARGE);
  directory.write("sub/index.html", "<p>index</p>");
  await using upstream = new TestUpstream();
  await using front = new TestFront({
    upstream,
    routes: [plainRoute("/static", { kind: "static", root: directory.path })],
  });
  const client = await front.connect();
  const ask = async (path: string, ...lines: string[]): Promise<RawResponse> => {
    await client.send(get(...lines).replace("/ ", `${path} `));
    return await client.response();
  };

  await t.step("a small file", async () => {
    const response = await ask("/static/small.txt");
    assertEquals({ status: response.status, body: response.body }, { status: 200, body: "hello" });
    assertEquals(fieldOf(response, "content-type"), "text/plain; charset=utf-8");
    assertEquals(fieldOf(response, "server"), "stackd");
    assert(fieldOf(response, "date")?.endsWith(" GMT"));
  });
  await t.step("a file larger than a buffer", async () => {
    const response = await ask("/static/large.txt");
    assertEquals(response.framing, "length");
    assert(response.body === LARGE);
  });
  await t.step("a range of it", async () => {
    const response = await ask("/static/large.txt", "Range: bytes=100000-190000");
    assertEquals(response.status, 206);
    assertEquals(fieldOf(response, "content-range"), "bytes 100000-190000/200000");
    assert(response.body === LARGE.slice(100_000, 190_001));
  });
  await t.step("a small range of it", async () => {
    const response = await ask("/static/large.txt", "Range: bytes=-10");
    assertEquals({ status: response.status, body: response.body }, { status: 206, body: "     19999" });
  });
  await t.step("HEAD of it, and another request behind", async () => {
    await client.send(get().replace("GET / ", "HEAD /static/large.txt "));
    const response = await client.response({ toHead: true });
    assertEquals({ status: response.status, length: fieldOf(response, "content-length") }, {
      status: 200,
      length: "200000",
    });
    assertEquals((await ask("/static/small.txt")).body, "hello");
  });
  await t.step("what has not changed", async () => {
    const etag = fieldOf(await ask("/static/small.txt"), "etag");
    const response = await ask("/static/small.txt", `If-None-Match: ${etag}`);
    assertEquals({ status: response.status, framing: response.framing }, { status: 304, framing: "none" });
  });
  await t.step("a directory, and its index", async () => {
    const response = await ask("/static/sub?q");
    assertEquals(response.status, 301);
    assertEquals(fieldOf(response, "location"), "/static/sub/?q");
    assertEquals((await ask("/static/sub/")).body, "<p>index</p>");
  });
  await t.step("another spelling of the path is the same route", async () => {
    for (
      const path of ["/static/./small.txt", "//static//small.txt", "/%73tatic/sm%61ll.txt", "/x/../static/small.txt"]
    ) {
      assertEquals((await ask(path)).body, "hello", path);
    }
  });
  await t.step("nothing above the root", async () => {
    for (const path of ["/static/../../etc/passwd", "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd"]) {
      assertEquals((await ask(path)).status, 400, path);
    }
    assertEquals((await ask("/static/..%2f..%2fetc/passwd")).body.includes("root:"), false);
  });
  await t.step("what is missing, and what is not below the prefix", async () => {
    assertEquals((await ask("/static/none")).status, 404);
    const seen = upstream.requests.length;
    assertEquals((await ask("/staticfoo")).body, "ok");
    assertEquals((await ask("/static/../small.txt")).body, "ok");
    assertEquals(upstream.requests.length, seen + 2);
  });
  await t.step("a method that cannot be, with a body that is passed over", async () => {
    await client.send(post("Content-Length: 5").replace("/p ", "/static/small.txt ") + "hello");
    const response = await client.response();
    assertEquals({ status: response.status, allow: fieldOf(response, "allow") }, { status: 405, allow: "GET, HEAD" });
    assertEquals((await ask("/static/small.txt")).status, 200);
  });
  await t.step("several at once, and the last for HTTP/1.0", async () => {
    const one = get().replace("/ ", "/static/small.txt ");
    await client.send(one + one + head("GET /static/large.txt HTTP/1.0"));
    assertEquals((await client.response()).body, "hello");
    assertEquals((await client.response()).body, "hello");
    assert((await client.response()).body === LARGE);
    assertEquals((await client.end()).rest, "");
  });
});

Deno.test("a file that becomes shorter while it is sent ends its connection", async () => {
  using directory = new TestDirectory();
  const path = directory.write("shrinking.bin", new Uint8Array(50_000_000));
  await using front = new TestFront({
    routes: [plainRoute("/", { kind: "static", root: directory.path })],
  });
  const client = await front.connect();
  await client.send(get().replace("/ ", "/shrinking.bin "));
  const { status, fields } = await client.head();
  assertEquals(status, 200);
  assertEquals(fieldOf({ fields }, "content-length"), "50000000");
  Deno.truncateSync(path, 1_000);
  assert((await client.end()).rest.length < 50_000_000);
  assertEquals((await front.log.entry()).requestLine, "GET /shrinking.bin HTTP/1.1");
});
