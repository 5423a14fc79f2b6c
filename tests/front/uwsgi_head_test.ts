/** Requests of the uwsgi protocol as HTTP heads: what is taken reads as the same request, and as nothing else. */
import { assert, assertEquals } from "@std/assert";
import { toHttp } from "../../lib/front/uwsgi_head.ts";
import { latin1, text } from "../../lib/http1/bytes.ts";
import { Reject } from "../../lib/http1/reject.ts";
import { RequestHead } from "../../lib/http1/request_head.ts";
import { UwsgiError } from "../../lib/uwsgi/error.ts";
import { requestFrom, type UwsgiRequest } from "../../lib/uwsgi/request_vars.ts";
import { Random } from "../http1/fuzz/random.ts";
import { PLAIN } from "../uwsgi/corpus/requests.ts";

const LIMITS = { maxHeadSize: 65_536, maxRequestLine: 16_384, maxFields: 100 };

/** The head as the engine reads it; null when it refuses it. */
function scan(head: string): { readonly head: RequestHead; readonly bytes: Uint8Array } | null {
  const bytes = latin1(`${head}\0`), scanned = new RequestHead(LIMITS);
  try {
    assert(scanned.scan(bytes, 0, bytes.length - 1), "the head is not whole");
    assertEquals(scanned.end, head.length);
    return { head: scanned, bytes };
  } catch (thrown) {
    if (thrown instanceof Reject) return null;
    throw thrown;
  }
}

function assertSame(request: UwsgiRequest, name: string): boolean {
  const { head: written } = toHttp(request);
  const scanned = scan(written);
  if (scanned === null) return false;
  const { head, bytes } = scanned;
  assertEquals([head.method(bytes), head.host(bytes)], [request.method, request.host], name);
  assertEquals(head.contentLength, request.contentLength ?? 0, name);
  assert(!head.keepAlive && !head.upgrade && !head.chunked && !head.expectsContinue, name);
  const lines = text(bytes, head.fields.start, head.fields.end).split("\r\n").slice(0, -1);
  const own = [request.host !== "", request.contentType !== null, request.contentLength !== null, true];
  assertEquals(lines.length, request.fields.length + own.filter(Boolean).length, name);
  return true;
}

const PIECES = [
  "/",
  "a",
  "%",
  "%2F",
  "%00",
  "%0d%0a",
  "..",
  ".",
  "?",
  "#",
  " ",
  "\r\n",
  "\0",
  "\xe9",
  ":",
  "=",
  "&",
  ",",
  "1",
  "-",
];

Deno.test("variables of any content are refused, or become one head that says the same", () => {
  let taken = 0;
  for (let seed = 0; seed < 20_000; seed++) {
    const random = new Random(seed);
    const vars = new Map(Object.entries(PLAIN));
    const names = [...vars.keys(), "SCRIPT_NAME", "HTTPS", "HTTP_X_A", "HTTP_COOKIE", "HTTP_CONNECTION", "HTTP_EXPECT"];
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      let value = random.of(["", "/", vars.get("REQUEST_URI") ?? ""]);
      for (let i = random.below(6); i > 0; i--) value += random.of(PIECES);
      vars.set(random.of(names), value);
    }
    let request: UwsgiRequest;
    try {
      request = requestFrom(vars);
      if (assertSame(request, `seed ${seed}`)) taken++;
    } catch (thrown) {
      assert(thrown instanceof UwsgiError, `seed ${seed}: ${thrown}`);
    }
  }
  assert(taken > 2_000, `only ${taken} of 20,000 were requests`);
});

Deno.test("the version says what the client speaks, as far as HTTP/1 can", () => {
  for (
    const [protocol, host, version] of [
      ["HTTP/1.1", "a", "HTTP/1.1"],
      ["HTTP/2.0", "a", "HTTP/1.1"],
      ["HTTP/3", "a", "HTTP/1.1"],
      ["HTTP/1.0", "a", "HTTP/1.0"],
      ["HTTP/0.9", "a", "HTTP/1.0"],
      ["HTTP/1.1", "", "HTTP/1.0"],
    ]
  ) {
    const vars = { ...PLAIN, SERVER_PROTOCOL: protocol, HTTP_HOST: host, SERVER_NAME: "" };
    const { head } = toHttp(requestFrom(new Map(Object.entries(vars))));
    assertEquals(head.split("\r\n", 1)[0], `GET / ${version}`, protocol);
  }
});
