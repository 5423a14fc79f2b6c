/** ResponseHead by itself: what it says of a head, at every cut. The corpus tests what it refuses. */
import { assert, assertEquals } from "@std/assert";
import { latin1 } from "../../lib/http1/bytes.ts";
import { ResponseHead } from "../../lib/http1/response_head.ts";
import { head } from "./corpus/case.ts";

function scan(text: string, known = text.length): { head: ResponseHead; whole: boolean } {
  const bytes = latin1(`...${text}\0`);
  const result = new ResponseHead(10);
  return { head: result, whole: result.scan(bytes, 3, 3 + known) };
}

Deno.test("scan() wants the whole head and gives where it ends", () => {
  for (const statusLine of ["HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200"]) {
    for (const lines of [[], ["Content-Length: 5"]]) {
      const text = `${head(statusLine, ...lines)}hello`, end = text.length - 5;
      for (let known = 0; known < end; known++) assertEquals(scan(text, known).whole, false, `${statusLine}, ${known}`);
      for (let known = end; known <= text.length; known++) {
        const { head, whole } = scan(text, known);
        assertEquals({ whole, end: head.end, status: head.status }, { whole: true, end: 3 + end, status: 200 });
      }
    }
  }
});

Deno.test("framing() follows RFC 9112 §6.3", () => {
  const cases: [status: number, lines: string[], toHead: boolean, framing: string][] = [
    [200, [], false, "close"],
    [200, ["Content-Length: 0"], false, "none"],
    [200, ["Content-Length: 5"], false, "length"],
    [200, ["Transfer-Encoding: chunked"], false, "chunked"],
    [200, ["Content-Length: 5"], true, "none"],
    [200, ["Transfer-Encoding: chunked"], true, "none"],
    [200, [], true, "none"],
    [204, ["Content-Length: 5"], false, "none"],
    [204, ["Transfer-Encoding: chunked"], false, "none"],
    [205, [], false, "none"],
    [304, ["Content-Length: 5"], false, "none"],
    [404, ["Content-Length: 5"], false, "length"],
    [101, [], false, "none"],
  ];
  for (const [status, lines, toHead, framing] of cases) {
    const scanned = scan(head(`HTTP/1.1 ${status} X`, ...lines)).head;
    assertEquals(scanned.framing(toHead), framing, `${status} ${lines} ${toHead}`);
  }
});

Deno.test("keepAlive says whether the upstream lets the connection stay open", () => {
  const cases: [version: string, lines: string[], keepAlive: boolean][] = [
    ["1.1", [], true],
    ["1.1", ["Connection: keep-alive"], true],
    ["1.1", ["Connection: CLOSE"], false],
    ["1.1", ["Connection: x, close"], false],
    ["1.1", ["Connection: keep-alive", "Connection: close"], false],
    ["1.0", [], false],
    ["1.0", ["Connection: keep-alive"], true],
    ["1.0", ["Connection: Keep-Alive, x"], true],
    ["1.0", ["Connection: close", "Connection: keep-alive"], false],
  ];
  for (const [version, lines, keepAlive] of cases) {
    const scanned = scan(head(`HTTP/${version} 200 OK`, "Content-Length: 0", ...lines)).head;
    assertEquals(scanned.keepAlive, keepAlive, `${version} ${lines}`);
  }
});

Deno.test("a ResponseHead keeps nothing of the head before", () => {
  const reused = new ResponseHead(10);
  const read = (text: string) => {
    const bytes = latin1(`${text}\0`);
    assert(reused.scan(bytes, 0, text.length));
    const { status, contentLength, chunked, keepAlive, minor } = reused;
    return { status, contentLength, chunked, keepAlive, minor, present: reused.fields.present };
  };
  const plain = read(head("HTTP/1.1 200 OK"));
  for (const lines of [["Content-Length: 5", "Connection: close, x"], ["Transfer-Encoding: chunked"]]) {
    read(head("HTTP/1.1 404 Not Found", ...lines));
    assertEquals(read(head("HTTP/1.1 200 OK")), plain);
  }
});
