/** RequestHead by itself: what it says of a head, at every cut, and at the default limits. The corpus tests what it refuses. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import { latin1 } from "../../lib/http1/bytes.ts";
import { Reject } from "../../lib/http1/reject.ts";
import { RequestHead } from "../../lib/http1/request_head.ts";
import { get, head, post } from "./corpus/case.ts";

const { limits } = DEFAULTS;

/** Scans `text` from offset 3 on, as a pipelined request stands in its buffer. */
function scan(text: string, known = text.length): { head: RequestHead; bytes: Uint8Array; whole: boolean } {
  const bytes = latin1(`...${text}\0`);
  const result = new RequestHead(limits);
  return { head: result, bytes, whole: result.scan(bytes, 3, 3 + known) };
}

function statusOf(text: string): number {
  return assertThrows(() => scan(text), Reject).status;
}

Deno.test("scan() wants the whole head and gives where it ends", () => {
  const text = `${get("X-A: b")}next`;
  const end = text.length - 4;
  for (let known = 0; known < end; known++) assertEquals(scan(text, known).whole, false, `${known} bytes`);
  for (let known = end; known <= text.length; known++) {
    const { head, whole } = scan(text, known);
    assertEquals({ whole, end: head.end }, { whole: true, end: 3 + end });
  }
});

Deno.test("method(), target() and host() give what was sent", () => {
  const { head, bytes } = scan("\r\n" + post().replace("/p", "/a%20b?c=d?e"));
  assertEquals(head.method(bytes), "POST");
  assert(head.isMethod(bytes, "POST") && !head.isMethod(bytes, "POS") && !head.isMethod(bytes, "PATCH"));
  assertEquals(head.target(bytes), "/a%20b?c=d?e");
  assertEquals(head.host(bytes), "a.example");
  assertEquals(head.pathEnd - head.targetStart, "/a%20b".length);
});

Deno.test("target() and host() of an absolute-form target come from it", () => {
  const cases: [target: string, host: string, origin: string][] = [
    ["http://b.example/x?y", "b.example", "/x?y"],
    ["http://b.example:81", "b.example:81", "/"],
    ["HTTPS://[::1]?q", "[::1]", "/?q"],
  ];
  for (const [target, host, origin] of cases) {
    const scanned = scan(get().replace("/ ", `${target} `));
    assertEquals(scanned.head.host(scanned.bytes), host);
    assertEquals(scanned.head.target(scanned.bytes), origin);
    assert(scanned.head.irregularPath);
  }
});

Deno.test("host() of an HTTP/1.0 request without Host is empty", () => {
  const { head: scanned, bytes } = scan(head("GET / HTTP/1.0"));
  assertEquals({ host: scanned.host(bytes), minor: scanned.minor }, { host: "", minor: 0 });
});

Deno.test("irregularPath tells paths that routing must normalise first", () => {
  const cases: [target: string, irregular: boolean][] = [
    ["/", false],
    ["/a/b.c/d", false],
    ["/a?b=%20&c=//", false],
    ["/a..b/c.", false],
    ["/%61", true],
    ["//", true],
    ["/a//b", true],
    ["/./a", true],
    ["/a/../b", true],
    ["/a/.b", true],
  ];
  for (const [target, irregular] of cases) {
    assertEquals(scan(get().replace("/ ", `${target} `)).head.irregularPath, irregular, target);
  }
});

Deno.test("a head says how its body is framed", () => {
  const of = (text: string) => {
    const { head: { contentLength, chunked, expectsContinue } } = scan(text);
    return { contentLength, chunked, expectsContinue };
  };
  assertEquals(of(get()), { contentLength: 0, chunked: false, expectsContinue: false });
  assertEquals(of(post("Content-Length: 17")), { contentLength: 17, chunked: false, expectsContinue: false });
  assertEquals(of(post("Transfer-Encoding: chunked")), { contentLength: -1, chunked: true, expectsContinue: false });
  assertEquals(of(post("Expect: 100-continue")).expectsContinue, true);
  assertEquals(of(head("GET / HTTP/1.0", "Expect: 100-continue")).expectsContinue, false);
});

Deno.test("a head says whether the connection may stay open, and whether it asks for another protocol", () => {
  const cases: [version: "1.0" | "1.1", lines: string[], keepAlive: boolean, upgrade: boolean][] = [
    ["1.1", [], true, false],
    ["1.0", [], false, false],
    ["1.0", ["Connection: keep-alive"], true, false],
    ["1.0", ["Connection: close, keep-alive"], false, false],
    ["1.1", ["Connection: keep-alive", "Connection: close"], false, false],
    ["1.1", ["Connection: upgrade", "Upgrade: websocket"], true, true],
    ["1.1", ["Connection: close, Upgrade", "Upgrade: websocket"], false, true],
    ["1.1", ["Connection: upgrade"], true, false],
    ["1.1", ["Upgrade: websocket"], true, false],
    ["1.1", ["Connection: upgrade", "Upgrade: h2c"], true, false],
    ["1.0", ["Connection: upgrade", "Upgrade: websocket"], false, false],
  ];
  for (const [version, lines, keepAlive, upgrade] of cases) {
    const scanned = scan(head(`GET / HTTP/${version}`, "Host: a", ...lines)).head;
    assertEquals(
      { keepAlive: scanned.keepAlive, upgrade: scanned.upgrade },
      { keepAlive, upgrade },
      `${version} ${lines}`,
    );
  }
});

Deno.test("a RequestHead keeps nothing of the head before", () => {
  const reused = new RequestHead(limits);
  const read = (text: string) => {
    const bytes = latin1(`${text}\0`);
    assert(reused.scan(bytes, 0, text.length));
    const { contentLength, chunked, keepAlive, expectsContinue, upgrade, minor, absolute, irregularPath } = reused;
    const named = reused.fields.present;
    return { contentLength, chunked, keepAlive, expectsContinue, upgrade, minor, absolute, irregularPath, named };
  };
  const plain = read(get());
  const others = [
    post("Content-Length: 5", "Expect: 100-continue", "Connection: close, X-A", "X-A: b"),
    post("Transfer-Encoding: chunked"),
    get("Connection: upgrade", "Upgrade: websocket"),
    head("GET http://b/%61 HTTP/1.0"),
  ];
  for (const other of others) {
    read(other);
    assertEquals(read(get()), plain);
  }
});

Deno.test("scan() holds to the default limits exactly", () => {
  const line = (size: number) => head(`GET /${"p".repeat(size - 16)} HTTP/1.1`, "Host: a");
  assert(scan(line(8_192)).whole);
  assertEquals(statusOf(line(8_193)), 414);
  assertEquals(scan("G".repeat(8_191)).whole, false);
  assertEquals(statusOf("G".repeat(8_192)), 414);
  const base = get("X: ").length;
  assert(scan(get(`X: ${"x".repeat(16_384 - base)}`)).whole);
  assertEquals(statusOf(get(`X: ${"x".repeat(16_385 - base)}`)), 431);
  assertEquals(scan(get(`X: ${"x".repeat(16_384)}`), 16_383).whole, false);
  assertEquals(statusOf(get(`X: ${"x".repeat(16_384)}`).slice(0, 16_384)), 431);
  const many = (count: number) => get(...Array.from({ length: count - 1 }, (_, i) => `X-${i}: a`));
  assert(scan(many(100)).whole);
  assertEquals(statusOf(many(101)), 431);
});
