/**
 * Requests by their body: how it is framed, how large it may be, and whether the connection stays open.
 *
 * @module
 */
import { get, type Group, head, passed, post, refused, type RequestCase, seen } from "./case.ts";
import { LIMITS } from "./limits.ts";

const CHUNKED = "Transfer-Encoding: chunked";
/** A chunked POST whose body is written out. */
const chunks = (body: string) => post(CHUNKED) + body;
/** What the upstream sees of it. */
const seenChunks = (body: string) => seen("POST /p", { "transfer-encoding": "chunked", "content-length": null }, body);
const withLength = (value: string) => post(`Content-Length: ${value}`) + "hello";
const withCoding = (...values: string[]) => post(...values.map((value) => `Transfer-Encoding: ${value}`)) + "0\r\n\r\n";
const seenHello = seen("POST /p", { "content-length": "5" }, "hello");

const contentLength: Group<RequestCase> = {
  section: "RFC 9112 §6.2, RFC 9110 §8.6: Content-Length",
  cases: [
    passed("a body", withLength("5"), seenHello),
    passed("an empty body", post("Content-Length: 0"), seen("POST /p", { "content-length": "0" })),
    passed("no body at all", post(), seen("POST /p", { "content-length": null, "transfer-encoding": null })),
    passed("leading zeros", withLength("005"), seen("POST /p", { "content-length": "005" }, "hello")),
    passed("white space around it", withLength(" \t5 "), seenHello),
    passed("a body of a GET", get("Content-Length: 5") + "hello", seen("GET /", {}, "hello")),
    passed("a body that looks like a request", post("Content-Length: 18") + "GET / HTTP/1.1\r\n\r\n", [
      seen("POST /p", {}, "GET / HTTP/1.1\r\n\r\n"),
    ]),
    refused("a sign", 400, withLength("+5")),
    refused("a negative one", 400, withLength("-5")),
    refused("an empty one", 400, withLength("")),
    refused("a list", 400, withLength("5, 5")),
    refused("two numbers", 400, withLength("5 5")),
    refused("hexadecimal", 400, withLength("0x5")),
    refused("a fraction", 400, withLength("5.0")),
    refused("an underscore between digits", 400, withLength("0_5")),
    refused("digits outside ASCII", 400, withLength("\xb2")),
    refused("more than a double can count", 400, withLength("9007199254740992")),
    refused("more than 64 bits", 400, withLength("18446744073709551621")),
    refused("two", 400, post("Content-Length: 5", "Content-Length: 6") + "hello!"),
    refused("two that are equal", 400, post("Content-Length: 5", "content-length: 5") + "hello"),
    refused("a space before its colon", 400, post("Content-Length : 5") + "hello"),
  ],
};

const transferEncoding: Group<RequestCase> = {
  section: "RFC 9112 §6.1, §6.3: Transfer-Encoding",
  cases: [
    passed("chunked in upper case", withCoding("CHUNKED"), seenChunks("")),
    passed("chunked with white space around", withCoding(" \tchunked\t "), seenChunks("")),
    refused("with Content-Length behind it", 400, post(CHUNKED, "Content-Length: 5") + "0\r\n\r\n"),
    refused("with Content-Length before it", 400, post("Content-Length: 5", CHUNKED) + "0\r\n\r\n"),
    refused("with a Content-Length of 0", 400, post("Content-Length: 0", CHUNKED) + "0\r\n\r\n"),
    refused("on HTTP/1.0", 400, chunks("0\r\n\r\n").replace("1.1", "1.0")),
    refused("empty", 400, withCoding("")),
    refused("two lines", 400, withCoding("chunked", "chunked")),
    refused("chunked twice", 400, withCoding("chunked, chunked")),
    refused("chunked not last", 400, withCoding("chunked, gzip")),
    refused("chunked not last, in two lines", 400, withCoding("chunked", "gzip")),
    refused("chunked in a list of one", 400, withCoding(", chunked")),
    refused("chunked with a parameter", 400, withCoding("chunked;q=1")),
    refused("chunked behind a vertical tab", 400, withCoding("\x0bchunked")),
    refused("a space before its colon", 400, post("Transfer-Encoding : chunked") + "0\r\n\r\n"),
    refused("in a folded line", 400, post("X-A: b", ` ${CHUNKED}`) + "0\r\n\r\n"),
    refused("gzip alone", 501, withCoding("gzip")),
    refused("gzip before chunked", 501, withCoding("gzip, chunked")),
    refused("identity", 501, withCoding("identity")),
    refused("a word that ends with chunked", 501, withCoding("xchunked")),
    refused("chunked in quotes", 501, withCoding('"chunked"')),
  ],
};

const chunked: Group<RequestCase> = {
  section: "RFC 9112 §7.1: the chunked coding",
  cases: [
    passed("one chunk", chunks("5\r\nhello\r\n0\r\n\r\n"), seenChunks("hello")),
    passed("no chunk", chunks("0\r\n\r\n"), seenChunks("")),
    passed("several chunks", chunks("1\r\nh\r\n3\r\nell\r\n1\r\no\r\n0\r\n\r\n"), seenChunks("hello")),
    passed("sizes in both cases", chunks(`a\r\n${"x".repeat(10)}\r\nB\r\n${"y".repeat(11)}\r\n0\r\n\r\n`), [
      seenChunks("x".repeat(10) + "y".repeat(11)),
    ]),
    passed("leading zeros", chunks("0005\r\nhello\r\n000\r\n\r\n"), seenChunks("hello")),
    passed("CRLF within a chunk", chunks("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"), seenChunks("\r\n0\r\n\r\n")),
    passed("extensions", chunks('5;a;b=c;d="e f"\r\nhello\r\n0;x\r\n\r\n'), seenChunks("hello")),
    passed(
      "an extension as long as allowed",
      chunks(`5;${"e".repeat(255)}\r\nhello\r\n0\r\n\r\n`),
      seenChunks("hello"),
    ),
    passed("trailers, which end here", chunks("5\r\nhello\r\n0\r\nX-T: 1\r\nX-U:\r\n\r\n"), seenChunks("hello")),
    refused("a size that is no number", 400, chunks("g\r\nhello\r\n0\r\n\r\n")),
    refused("no size", 400, chunks("\r\nhello\r\n0\r\n\r\n")),
    refused("an extension without a size", 400, chunks(";a\r\nhello\r\n0\r\n\r\n")),
    refused("a negative size", 400, chunks("-5\r\nhello\r\n0\r\n\r\n")),
    refused("a sign", 400, chunks("+5\r\nhello\r\n0\r\n\r\n")),
    refused("a size with 0x", 400, chunks("0x5\r\nhello\r\n0\r\n\r\n")),
    refused("a space before the size", 400, chunks(" 5\r\nhello\r\n0\r\n\r\n")),
    refused("a space behind the size", 400, chunks("5 \r\nhello\r\n0\r\n\r\n")),
    refused("a size with an underscore", 400, chunks("0_5\r\nhello\r\n0\r\n\r\n")),
    refused("a size of 2^64", 400, chunks("10000000000000000\r\nhello\r\n0\r\n\r\n")),
    refused("a bare LF behind the size", 400, chunks("5\nhello\r\n0\r\n\r\n")),
    refused("a bare CR behind the size", 400, chunks("5\rhello\r\n0\r\n\r\n")),
    refused("a bare LF in an extension", 400, chunks("5;a\nhello\r\n0\r\n\r\n")),
    refused("a control character in an extension", 400, chunks("5;\x01\r\nhello\r\n0\r\n\r\n")),
    refused("an extension that is too long", 400, chunks(`5;${"e".repeat(256)}\r\nhello\r\n0\r\n\r\n`)),
    refused("extensions that are too long together", 400, chunks(`1;${"e".repeat(254)}\r\nx\r\n`.repeat(65))),
    refused("a chunk that is longer than its size", 400, chunks("4\r\nhello\r\n0\r\n\r\n")),
    refused("a chunk without an end", 400, chunks("5\r\nhello0\r\n\r\n")),
    refused("a bare LF behind a chunk", 400, chunks("5\r\nhello\n0\r\n\r\n")),
    refused("a bare LF at the body's end", 400, chunks("5\r\nhello\r\n0\r\n\n")),
    refused("a bare CR at the body's end", 400, chunks("5\r\nhello\r\n0\r\n\rX")),
    refused("a trailer without a name", 400, chunks("0\r\n: a\r\n\r\n")),
    refused("a trailer without a colon", 400, chunks("0\r\nX-T\r\n\r\n")),
    refused("a trailer with a space before its colon", 400, chunks("0\r\nX-T : a\r\n\r\n")),
    refused("a folded trailer", 400, chunks("0\r\nX-T: a\r\n b\r\n\r\n")),
    refused("a NUL in a trailer", 400, chunks("0\r\nX-T: \0\r\n\r\n")),
    refused("a trailer section that is too long", 400, chunks(`0\r\nX-T: ${"t".repeat(8_192)}\r\n\r\n`)),
  ],
};

const tooLarge: Group<RequestCase> = {
  section: "RFC 9110 §15.5.14: a body that is too large",
  cases: [
    passed("as large as allowed", post("Content-Length: 1000") + "b".repeat(LIMITS.maxBody), [
      seen("POST /p", {}, "b".repeat(1_000)),
    ]),
    passed("chunked, as large as allowed", chunks(`3e8\r\n${"b".repeat(LIMITS.maxBody)}\r\n0\r\n\r\n`), [
      seenChunks("b".repeat(1_000)),
    ]),
    refused("one byte larger, before any of it is sent", 413, post("Content-Length: 1001")),
    refused("much larger, before any of it is sent", 413, post("Content-Length: 9007199254740991")),
    refused("chunked, one byte larger", 413, chunks(`ffff\r\n${"b".repeat(LIMITS.maxBody + 1)}`)),
    refused("chunked, larger in several chunks", 413, chunks(`1f4\r\n${"b".repeat(500)}\r\n`.repeat(2) + "ffff\r\nb")),
  ],
};

const expect: Group<RequestCase> = {
  section: "RFC 9110 §10.1.1: Expect",
  cases: [
    passed("100-continue, the body sent at once", post("Expect: 100-continue", "Content-Length: 5") + "hello", [
      seen("POST /p", { expect: null }, "hello"),
    ]),
    passed("100-continue in another case", post("Expect: 100-Continue", "Content-Length: 5") + "hello", [
      seen("POST /p", { expect: null }, "hello"),
    ]),
    passed("100-continue without a body", get("Expect: 100-continue"), seen("GET /", { expect: null })),
    passed("100-continue on HTTP/1.0", get("Expect: 100-continue").replace("1.1", "1.0"), seen("GET /"), {
      after: "closed",
    }),
    refused("another expectation", 417, get("Expect: tea")),
    refused("a list of expectations", 417, get("Expect: 100-continue, tea")),
    refused("an empty one", 417, get("Expect:")),
  ],
};

const persistence: Group<RequestCase> = {
  section: "RFC 9112 §9.3: persistence and pipelining",
  cases: [
    passed("HTTP/1.0", head("GET / HTTP/1.0", "Host: a"), seen("GET /"), {
      after: "closed",
      answer: { connection: "close" },
    }),
    passed("HTTP/1.0 with keep-alive", head("GET / HTTP/1.0", "Host: a", "Connection: Keep-Alive"), seen("GET /"), {
      answer: { connection: "keep-alive" },
    }),
    passed("HTTP/1.0 with keep-alive in a list", head("GET / HTTP/1.0", "Host: a", "Connection: x, keep-alive"), [
      seen("GET /", { connection: null }),
    ]),
    passed("close", get("Connection: close"), seen("GET /", { connection: null }), {
      after: "closed",
      answer: { connection: "close" },
    }),
    passed("close in another case", get("connection: Close"), seen("GET /"), { after: "closed" }),
    passed("close in a list", get("Connection: x , close"), seen("GET /"), { after: "closed" }),
    passed("close beside keep-alive", get("Connection: keep-alive, close"), seen("GET /"), { after: "closed" }),
    passed("close before a line with keep-alive", get("Connection: close", "Connection: keep-alive"), seen("GET /"), {
      after: "closed",
    }),
    passed(
      "close before a line with keep-alive, on HTTP/1.0",
      head("GET / HTTP/1.0", "Host: a", "Connection: close", "Connection: keep-alive"),
      seen("GET /"),
      { after: "closed" },
    ),
    passed("keep-alive", get("Connection: keep-alive"), seen("GET /", { connection: null }), {
      answer: { connection: null },
    }),
    passed("an empty Connection", get("Connection:"), seen("GET /", { connection: null })),
    passed("three requests at once", get() + withLength("5") + chunks("2\r\nhi\r\n0\r\n\r\n"), [
      seen("GET /"),
      seenHello,
      seenChunks("hi"),
    ]),
    passed("a chunked request before another", chunks("2;x\r\nhi\r\n0\r\nX-T: 1\r\n\r\n") + get(), [
      seenChunks("hi"),
      seen("GET /"),
    ]),
    passed("two requests with an empty line between", `${withLength("5")}\r\n${get()}`, [seenHello, seen("GET /")]),
    passed("the second of two is the last", get() + get("Connection: close"), [seen("GET /"), seen("GET /")], {
      after: "closed",
    }),
    passed("the second of two is bad", get() + get("X A: b"), seen("GET /"), { statuses: [200, 400], after: "closed" }),
    passed("HEAD", get().replace("GET", "HEAD"), seen("HEAD /"), { toHead: true, answer: { "content-length": "2" } }),
    passed("HEAD before another", (get() + get()).replaceAll("GET", "HEAD"), [seen("HEAD /"), seen("HEAD /")], {
      toHead: true,
    }),
  ],
};

/** Cases that a body decides, or its absence. */
export const BODIES: readonly Group<RequestCase>[] = [
  contentLength,
  transferEncoding,
  chunked,
  tooLarge,
  expect,
  persistence,
];
