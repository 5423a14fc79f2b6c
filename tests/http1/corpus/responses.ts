/**
 * Every way an upstream can answer: the bytes it sends, what the client gets of them, and whether the upstream's connection
 * is used again. Grouped by the section they stand on.
 *
 * @module
 */
import { type Expected, type Group, head } from "./case.ts";

/** One response of an upstream. */
export interface ResponseCase {
  readonly name: string;
  /** What the upstream sends as soon as it has the request. */
  readonly bytes: string;
  /** What it sends once the client has got the response's head; null for nothing. */
  readonly later: string | null;
  /** The upstream closes its connection behind them. */
  readonly closes: boolean;
  /** The request line's first and last word. */
  readonly method: "GET" | "HEAD";
  readonly version: "HTTP/1.1" | "HTTP/1.0";
  /** What the client gets. */
  readonly status: number;
  readonly reason: string | null;
  readonly fields: Expected;
  readonly body: string;
  readonly framing: "none" | "length" | "chunked" | "close";
  /** Statuses of interim responses that the client gets. */
  readonly interim: readonly number[];
  /** "cut": the response stays unfinished, and the connection is closed. */
  readonly client: "open" | "closed" | "cut";
  /** Whether the next request goes over the same upstream connection. */
  readonly reused: boolean;
}

type Options = Partial<Omit<ResponseCase, "name" | "bytes">>;

const DEFAULTS = {
  later: null,
  closes: false,
  method: "GET",
  version: "HTTP/1.1",
  status: 200,
  reason: null,
  fields: {},
  framing: "length",
  interim: [],
  client: "open",
} as const;

/** A response that is passed on, with the body "hello" unless it says otherwise; the connection is used again. */
function passed(name: string, bytes: string, options: Options = {}): ResponseCase {
  return { ...DEFAULTS, name, bytes, body: "hello", reused: true, ...options };
}

/** A response that is not passed on: 502, and the connection is not used again. */
function refused(name: string, bytes: string, options: Options = {}): ResponseCase {
  return { ...DEFAULTS, name, bytes, status: 502, body: "502", reused: false, ...options };
}

/** A response whose end never comes as it was announced: the client must be able to tell. */
function cut(name: string, bytes: string, options: Options = {}): ResponseCase {
  return { ...DEFAULTS, name, bytes, body: "", client: "cut", reused: false, ...options };
}

const ok = (...lines: string[]) => head("HTTP/1.1 200 OK", "Content-Length: 5", ...lines) + "hello";
const chunked = (body: string) => head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + body;
const untilClosed = head("HTTP/1.1 200 OK") + "hello";

const statusLine: Group<ResponseCase> = {
  section: "RFC 9112 §4: the status line",
  cases: [
    passed("200", ok(), { reason: "OK" }),
    passed("a status nobody knows", ok().replace("200 OK", "299 Odd"), { status: 299, reason: "Odd" }),
    passed("the highest status", ok().replace("200 OK", "599 "), { status: 599, reason: "" }),
    passed("an empty reason", ok().replace("200 OK", "200 "), { reason: "" }),
    passed("no space behind the status", ok().replace("200 OK", "200"), { reason: "" }),
    passed("a reason of several words, in obs-text", ok().replace("OK", "Sch\xf6n \x80"), { reason: "Sch\xf6n \x80" }),
    passed("a later minor version", ok().replace("1.1", "1.2")),
    refused("HTTP/2.0", ok().replace("1.1", "2.0")),
    refused("lower case", ok().replace("HTTP", "http")),
    refused("no version", ok().replace("HTTP/1.1 ", "")),
    refused("two digits", ok().replace("200", "20")),
    refused("four digits", ok().replace("200", "2000")),
    refused("099", ok().replace("200", "099")),
    refused("600", ok().replace("200", "600")),
    refused("two spaces", ok().replace(" 200", "  200")),
    refused("a NUL in the reason", ok().replace("OK", "O\0K")),
    refused("a bare LF at its end", ok().replace("OK\r\n", "OK\n")),
    refused("an empty line before it", `\r\n${ok()}`),
    refused("another protocol", "SSH-2.0-OpenSSH_9.2p1\r\n"),
    refused("nothing", "", { closes: true }),
    refused("half a head", "HTTP/1.1 200 OK\r\nContent-", { closes: true }),
  ],
};

const manyFields = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: ${i}`);
const fieldLines: Group<ResponseCase> = {
  section: "RFC 9112 §5: field lines",
  cases: [
    passed("two of one name, in their order", ok("Set-Cookie: b=2", "Set-Cookie: a=1"), {
      fields: { "set-cookie": "b=2, a=1" },
    }),
    passed("obs-text in a value", ok("X-A: \x80\xe9\xff"), { fields: { "x-a": "\x80\xe9\xff" } }),
    passed("a name with an underscore", ok("X_A: b"), { fields: { x_a: "b" } }),
    passed("Date and Server", ok("Date: Mon, 01 Jan 2024 00:00:00 GMT", "Server: app"), {
      fields: { date: "Mon, 01 Jan 2024 00:00:00 GMT", server: "app" },
    }),
    passed("no Date: one is added (RFC 9110 §6.6.1)", ok(), { fields: { date: / GMT$/, server: null } }),
    passed("as many as allowed", ok(...manyFields(199)), { fields: { "x-198": "198" } }),
    refused("one more", ok(...manyFields(200))),
    passed("a head of nearly 16 KiB", ok(`X-A: ${"a".repeat(16_300)}`), { fields: { "x-a": /^a{16300}$/ } }),
    refused("a head of more than 16 KiB", ok(`X-A: ${"a".repeat(16_384)}`)),
    refused("a space before the colon", ok("X-A : b")),
    refused("no colon", ok("X-A")),
    refused("no name", ok(": b")),
    refused("a folded line", ok("X-A: b", " c")),
    refused("a NUL in a value", ok("X-A: \0")),
    refused("a bare LF in a value", ok("X-A: b\nX-B: c")),
    refused("a bare CR in a value", ok("X-A: b\rX-B: c")),
  ],
};

const bodies: Group<ResponseCase> = {
  section: "RFC 9112 §6.3: how the body ends",
  cases: [
    passed("Content-Length: 0", head("HTTP/1.1 200 OK", "Content-Length: 0"), { body: "" }),
    passed("chunked", chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), { framing: "chunked" }),
    passed("chunked, and empty", chunked("0\r\n\r\n"), { framing: "chunked", body: "" }),
    passed("chunked with extensions and trailers", chunked("5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"), {
      framing: "chunked",
      fields: { "x-t": null },
    }),
    passed("chunked, and more than a buffer of it", chunked(`30d40\r\n${"x".repeat(200_000)}\r\n0\r\n\r\n`), {
      framing: "chunked",
      body: "x".repeat(200_000),
    }),
    passed("chunked, for a client that knows no chunks", chunked("5\r\nhello\r\n0\r\n\r\n"), {
      version: "HTTP/1.0",
      framing: "close",
      fields: { "transfer-encoding": null, connection: "close" },
      client: "closed",
    }),
    passed("the connection's end", untilClosed, { closes: true, framing: "chunked", reused: false }),
    passed("the connection's end, for a client that knows no chunks", untilClosed, {
      version: "HTTP/1.0",
      closes: true,
      framing: "close",
      client: "closed",
      reused: false,
    }),
    passed("HEAD with a length", head("HTTP/1.1 200 OK", "Content-Length: 5"), {
      method: "HEAD",
      framing: "none",
      body: "",
      fields: { "content-length": "5" },
    }),
    passed("HEAD of what would be chunked", chunked(""), { method: "HEAD", framing: "none", body: "" }),
    passed("HEAD of what would have no length", head("HTTP/1.1 200 OK"), { method: "HEAD", framing: "none", body: "" }),
    passed("204", head("HTTP/1.1 204 No Content"), { status: 204, framing: "none", body: "" }),
    passed("204 with a length", head("HTTP/1.1 204 No Content", "Content-Length: 0"), {
      status: 204,
      framing: "none",
      body: "",
      fields: { "content-length": null },
    }),
    passed("205 without a length, which has no content", head("HTTP/1.1 205 Reset Content"), {
      status: 205,
      body: "",
      fields: { "content-length": "0" },
    }),
    passed("304 with the length of what was not sent", head("HTTP/1.1 304 Not Modified", "Content-Length: 5"), {
      status: 304,
      framing: "none",
      body: "",
      fields: { "content-length": "5" },
    }),
    refused("both Content-Length and Transfer-Encoding", ok("Transfer-Encoding: chunked")),
    refused("two lengths", ok("Content-Length: 6")),
    refused("two lengths that are equal", ok("Content-Length: 5")),
    refused("a list of lengths", ok().replace(": 5", ": 5, 5")),
    refused("a negative length", ok().replace(": 5", ": -5")),
    refused("a length that is no number", ok().replace(": 5", ": five")),
    refused("an unknown coding", chunked("0\r\n\r\n").replace("chunked", "gzip, chunked")),
    refused("chunked twice", chunked("0\r\n\r\n").replace("chunked", "chunked, chunked")),
    refused("chunked on HTTP/1.0", chunked("0\r\n\r\n").replace("1.1", "1.0")),
    refused("a bad chunk", chunked("5\r\nhelloX")),
    refused("a bad chunk size", chunked("five\r\nhello\r\n")),
    cut("a bad chunk in mid-stream", chunked("5\r\nhello\r\n"), { later: "x\r\n" }),
    cut("a chunk that is longer than its size, in mid-stream", chunked("5\r\nhello"), { later: "!\r\n0\r\n\r\n" }),
    cut("less than its length", ok().slice(0, -2), { closes: true }),
    cut("less than its length, in mid-stream", head("HTTP/1.1 200 OK", "Content-Length: 9") + "hello", {
      later: "he",
      closes: true,
    }),
    cut("chunked without a last chunk", chunked("5\r\nhello\r\n"), { closes: true }),
    cut("chunked, and half a chunk", chunked("5\r\nhel"), { closes: true }),
    cut("chunked, without the end of the trailers", chunked("5\r\nhello\r\n0\r\nX-T: 1\r\n"), { closes: true }),
    passed("bytes behind a length", `${ok()}HTTP/1.1 200 Evil\r\n\r\n`, { reused: false }),
    passed("bytes behind the last chunk", chunked("5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 Evil\r\n\r\n"), {
      framing: "chunked",
      reused: false,
    }),
    passed("bytes behind a 204", `${head("HTTP/1.1 204 No Content")}evil`, {
      status: 204,
      framing: "none",
      body: "",
      reused: false,
    }),
    passed("a body of a response to HEAD", ok(), { method: "HEAD", framing: "none", body: "", reused: false }),
    passed("a body of a 304", ok().replace("200 OK", "304 Not Modified"), {
      status: 304,
      framing: "none",
      body: "",
      reused: false,
    }),
  ],
};

const connections: Group<ResponseCase> = {
  section: "RFC 9112 §9.3, RFC 9110 §7.6.1: what is for one hop",
  cases: [
    passed("close", ok("Connection: close"), { fields: { connection: null }, reused: false }),
    passed("close in a list", ok("Connection: X-A, Close", "X-A: b"), { fields: { "x-a": null }, reused: false }),
    passed("close behind a line with keep-alive", ok("Connection: keep-alive", "Connection: X-A, close", "X-A: b"), {
      fields: { "x-a": null },
      reused: false,
    }),
    passed("HTTP/1.0", ok().replace("1.1", "1.0"), { reused: false }),
    passed("HTTP/1.0 with keep-alive", ok("Connection: keep-alive").replace("1.1", "1.0"), {
      fields: { connection: null },
    }),
    passed(
      "HTTP/1.0 with close before keep-alive",
      ok("Connection: close", "Connection: keep-alive").replace("1.1", "1.0"),
      { reused: false },
    ),
    passed("fields that Connection names", ok("Connection: X-A, x-b", "x-A: 1", "X-B: 2", "X-C: 3"), {
      fields: { connection: null, "x-a": null, "x-b": null, "x-c": "3" },
    }),
    passed("a field that the second of two lines names", ok("Connection: keep-alive", "Connection: X-A", "X-A: b"), {
      fields: { "x-a": null },
    }),
    passed("Connection cannot name Content-Length", ok("Connection: Content-Length")),
    passed(
      "fields that are always for one hop",
      ok("Keep-Alive: timeout=5", "Proxy-Connection: x", "Upgrade: h2c", "TE: x"),
      {
        fields: { "keep-alive": null, "proxy-connection": null, upgrade: null, te: null },
      },
    ),
    passed("an HTTP/1.0 client is told that its connection ends", ok(), {
      version: "HTTP/1.0",
      fields: { connection: "close" },
      client: "closed",
    }),
  ],
};

const hints = (...lines: string[]) => head("HTTP/1.1 103 Early Hints", ...lines);
const interim: Group<ResponseCase> = {
  section: "RFC 9110 §15.2: interim responses",
  cases: [
    passed("100 is ours to give", head("HTTP/1.1 100 Continue") + ok()),
    passed("103", hints("Link: </a>; rel=preload") + ok(), { interim: [103] }),
    passed("103, for a client that knows none", hints("Link: </a>") + ok(), {
      version: "HTTP/1.0",
      client: "closed",
    }),
    passed("several", head("HTTP/1.1 102 Processing") + head("HTTP/1.1 100 Continue") + hints() + ok(), {
      interim: [102, 103],
    }),
    passed("103 with fields for one hop", hints("Connection: X-A", "X-A: b", "Content-Length: 5") + ok(), {
      interim: [103],
    }),
    passed(
      "103 and a final head that fill more than a buffer",
      hints(`Link: ${"a".repeat(9_000)}`) + ok(`X: ${"b".repeat(9_000)}`),
      {
        interim: [103],
        fields: { x: /^b{9000}$/ },
      },
    ),
    passed("103 and HEAD", hints() + head("HTTP/1.1 200 OK", "Content-Length: 5"), {
      method: "HEAD",
      framing: "none",
      body: "",
      interim: [103],
    }),
    refused(
      "101 that was not asked for",
      head("HTTP/1.1 101 Switching Protocols", "Upgrade: x", "Connection: upgrade"),
    ),
    refused("103 and nothing more", hints(), { interim: [103], closes: true }),
    refused("103 and a bad head", `${hints()}HTTP/1.1 2x0 OK\r\n\r\n`, { interim: [103] }),
  ],
};

/** All of them. */
export const RESPONSES: readonly Group<ResponseCase>[] = [statusLine, fieldLines, bodies, connections, interim];
