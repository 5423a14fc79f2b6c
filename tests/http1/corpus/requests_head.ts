/**
 * Requests by their head: request line, target, Host, field lines, and how large they may be.
 *
 * @module
 */
import { get, type Group, head, passed, refused, type RequestCase, seen } from "./case.ts";
import { LIMITS } from "./limits.ts";

/** A head of exactly `size` bytes. */
function sized(size: number): string {
  const lines = ["GET / HTTP/1.1", "Host: a.example", "X-Pad: "];
  return head(...lines.slice(0, -1), `X-Pad: ${"p".repeat(size - head(...lines).length)}`);
}

/** A request line of exactly `size` bytes, CRLF included, in a whole head. */
function longLine(size: number): string {
  return head(`GET /${"p".repeat(size - "GET / HTTP/1.1\r\n".length)} HTTP/1.1`, "Host: a.example");
}

/** A head with exactly `count` fields. */
function fields(count: number): string {
  return get(...Array.from({ length: count - 1 }, (_, i) => `X-${i}: ${i}`));
}

const requestLine: Group<RequestCase> = {
  section: "RFC 9112 §2.2, §3: the request line",
  cases: [
    passed("origin-form", get(), seen("GET /", { host: "a.example" })),
    passed("an empty line before it", `\r\n${get()}`, seen("GET /")),
    passed("any token as a method", get().replace("GET", "!#$%&'*+-.^_`|~09Az"), seen("!#$%&'*+-.^_`|~09Az /")),
    passed("methods are case-sensitive", get().replace("GET", "get"), seen("get /")),
    passed("a later minor version", get().replace("1.1", "1.2"), seen("GET /")),
    refused("two empty lines before it", 400, `\r\n\r\n${get()}`),
    refused("a bare LF before it", 400, `\n${get()}`),
    refused("a bare CR before it", 400, `\r${get()}`),
    refused("a space before it", 400, ` ${get()}`),
    refused("no method", 400, get().replace("GET ", " ")),
    refused("no target", 400, get().replace("/ ", "")),
    refused("an empty target", 400, get().replace("/", "")),
    refused("a method with a parenthesis", 400, get().replace("GET", "GE(T")),
    refused("a method with a colon", 400, get().replace("GET", "GET:")),
    refused("a method outside ASCII", 400, get().replace("GET", "G\xc9T")),
    refused("a NUL in the method", 400, get().replace("GET", "GE\0T")),
    refused("two spaces before the target", 400, get().replace("GET ", "GET  ")),
    refused("two spaces behind the target", 400, get().replace("/ ", "/  ")),
    refused("a tab for a space", 400, get().replace("GET ", "GET\t")),
    refused("a space behind the version", 400, get().replace("1.1", "1.1 ")),
    refused("a third word", 400, get().replace("HTTP/", "x HTTP/")),
    refused("a bare LF at its end", 400, get().replace("1.1\r\n", "1.1\n")),
    refused("a bare CR at its end", 400, get().replace("1.1\r\n", "1.1\r")),
    refused("two CRs at its end", 400, get().replace("1.1\r\n", "1.1\r\r\n")),
  ],
};

const version: Group<RequestCase> = {
  section: "RFC 9112 §2.3: the version",
  cases: [
    refused("HTTP/0.9 without a version", 400, "GET /\r\n\r\n"),
    refused("HTTP/0.9 with a version", 505, get().replace("1.1", "0.9")),
    refused("HTTP/2.0", 505, get().replace("1.1", "2.0")),
    refused("HTTP/2's preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    refused("HTTP/3.0", 505, get().replace("1.1", "3.0")),
    refused("in lower case", 400, get().replace("HTTP/1.1", "http/1.1")),
    refused("two minor digits", 400, get().replace("1.1", "1.10")),
    refused("two major digits", 400, get().replace("1.1", "11.1")),
    refused("no minor version", 400, get().replace("1.1", "1.")),
    refused("a comma for a dot", 400, get().replace("1.1", "1,1")),
    refused("another protocol", 400, get().replace("HTTP/1.1", "RTSP/1.0")),
  ],
};

const target: Group<RequestCase> = {
  section: "RFC 9112 §3.2: the request-target",
  cases: [
    passed("a query", get().replace("/ ", "/a?b=c&d=%20?/ "), seen("GET /a?b=c&d=%20?/")),
    passed("what browsers send unescaped", get().replace("/ ", '/a|b{c}"<>^`\\ '), seen('GET /a|b{c}"<>^`\\')),
    passed(
      "escapes are passed on as they are",
      get().replace("/ ", "/%41%2fb%2F%c3%A9 "),
      seen("GET /%41%2fb%2F%c3%A9"),
    ),
    passed("dot segments are passed on as they are", get().replace("/ ", "/a/../b/./c "), seen("GET /a/../b/./c")),
    passed("slashes are passed on as they are", get().replace("/ ", "//a//b "), seen("GET //a//b")),
    passed(
      "absolute-form, whose host replaces Host",
      get().replace("/ ", "http://b.example:81/p?q "),
      seen("GET /p?q", { host: "b.example:81", "x-forwarded-host": "b.example:81" }),
    ),
    passed(
      "absolute-form without a path",
      get().replace("/ ", "http://b.example "),
      seen("GET /", { host: "b.example" }),
    ),
    passed("absolute-form with a query alone", get().replace("/ ", "HTTP://b.example?q "), seen("GET /?q")),
    passed("absolute-form with https", get().replace("/ ", "https://[::1]:81/ "), seen("GET /", { host: "[::1]:81" })),
    passed("asterisk-form", get().replace("GET /", "OPTIONS *"), seen("OPTIONS *")),
    passed("asterisk-form as a URL", get().replace("GET /", "OPTIONS http://b.example"), seen("OPTIONS *")),
    refused("asterisk-form for GET", 400, get().replace("GET /", "GET *")),
    refused("authority-form for GET", 400, get().replace("/ ", "b.example:80 ")),
    refused("a relative path", 400, get().replace("/ ", "a/b ")),
    refused("an ftp URL", 400, get().replace("/ ", "ftp://b.example/ ")),
    refused("a URL without a host", 400, get().replace("/ ", "http:///a ")),
    refused("a URL with user information", 400, get().replace("/ ", "http://u:p@b.example/ ")),
    refused("a URL with a bad port", 400, get().replace("/ ", "http://b.example:8o/ ")),
    refused("a fragment", 400, get().replace("/ ", "/a#b ")),
    refused("a byte outside ASCII", 400, get().replace("/ ", "/\xc3\xa9 ")),
    refused("a control character", 400, get().replace("/ ", "/\x01 ")),
    refused("a DEL", 400, get().replace("/ ", "/\x7f ")),
    refused("a NUL", 400, get().replace("/ ", "/\0 ")),
    passed("a path above the root", get().replace("/ ", "/../a "), [], { statuses: [400] }),
    passed("a broken escape", get().replace("/ ", "/%zz "), [], { statuses: [400] }),
  ],
};

const ALLOW = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const methods: Group<RequestCase> = {
  section: "RFC 9110 §9.3: methods that are for other intermediaries",
  cases: [
    refused("CONNECT", 405, get().replace("GET /", "CONNECT b.example:443"), { answer: { allow: ALLOW } }),
    refused("CONNECT to a path", 405, get().replace("GET", "CONNECT"), { answer: { allow: ALLOW } }),
    refused("TRACE", 405, get().replace("GET", "TRACE"), { answer: { allow: ALLOW } }),
  ],
};

const withHost = (...values: string[]) => head("GET / HTTP/1.1", ...values.map((value) => `Host: ${value}`));
const host: Group<RequestCase> = {
  section: "RFC 9112 §3.2, RFC 9110 §7.2: Host",
  cases: [
    passed("with a port", withHost("a.example:8080"), seen("GET /", { host: "a.example:8080" })),
    passed("with an empty port", withHost("a.example:"), seen("GET /", { host: "a.example:" })),
    passed("in upper case", withHost("A.EXAMPLE"), seen("GET /", { host: "A.EXAMPLE" })),
    passed("with white space around", withHost(" \ta.example\t "), seen("GET /", { host: "a.example" })),
    passed("an IPv6 address", withHost("[2001:db8::7]"), seen("GET /", { host: "[2001:db8::7]" })),
    passed(
      "an IPv6 address with a port",
      withHost("[::ffff:1.2.3.4]:80"),
      seen("GET /", { host: "[::ffff:1.2.3.4]:80" }),
    ),
    passed("none on HTTP/1.0", head("GET / HTTP/1.0"), seen("GET /", { "x-forwarded-host": null }), {
      after: "closed",
    }),
    refused("none", 400, head("GET / HTTP/1.1", "X-Host: a.example")),
    refused("none beside an absolute-form", 400, head("GET http://a.example/ HTTP/1.1")),
    refused("two", 400, withHost("a.example", "b.example")),
    refused("two that are equal", 400, withHost("a.example", "a.example")),
    refused("two on HTTP/1.0", 400, withHost("a.example", "a.example").replace("1.1", "1.0")),
    refused("two in two spellings", 400, withHost("a.example").replace("\r\n\r\n", "\r\nhOST: a.example\r\n\r\n")),
    refused("empty", 400, withHost("")),
    refused("a list", 400, withHost("a.example, b.example")),
    refused("with a space", 400, withHost("a b")),
    refused("with user information", 400, withHost("u@a.example")),
    refused("with a path", 400, withHost("a.example/b")),
    refused("with a backslash", 400, withHost("a.example\\b")),
    refused("with a query", 400, withHost("a.example?b")),
    refused("with a byte outside ASCII", 400, withHost("\xe4.example")),
    refused("a port alone", 400, withHost(":80")),
    refused("with a port that is no number", 400, withHost("a.example:8o")),
    refused("with a port of six digits", 400, withHost("a.example:123456")),
    refused("with a port beyond the last", 400, withHost("a.example:65536")),
    refused("with an escape", 400, withHost("a%2eexample")),
    refused("a number that is no IPv4 address", 400, withHost("1.2.3.256")),
    refused("with two ports", 400, withHost("a.example:80:80")),
    refused("an unclosed IPv6 address", 400, withHost("[::1")),
    refused("an empty IPv6 address", 400, withHost("[]")),
    refused("an IPv6 address with a letter too far", 400, withHost("[::g]")),
    refused("text behind an IPv6 address", 400, withHost("[::1]x")),
  ],
};

const fieldLines: Group<RequestCase> = {
  section: "RFC 9112 §5, RFC 9110 §5.5: field lines",
  cases: [
    passed("names in lower case", get().replace("Host", "host"), seen("GET /", { host: "a.example" })),
    passed("an empty value", get("X-A:"), seen("GET /", { "x-a": "" })),
    passed("no space behind the colon", get("X-A:b"), seen("GET /", { "x-a": "b" })),
    passed("white space around a value", get("X-A: \t b c\t "), seen("GET /", { "x-a": "b c" })),
    passed("obs-text in a value", get("X-A: \x80\xe9\xff"), seen("GET /", { "x-a": "\x80\xe9\xff" })),
    passed("every mark a token may have", get("!#$%&'*+-.^`|~: b"), seen("GET /", { "!#$%&'*+-.^`|~": "b" })),
    passed("a field twice, in its order", get("X-A: b", "X-B: c", "x-a: d"), seen("GET /", { "x-a": "b, d" })),
    passed("a colon, quotes and commas in a value", get('X-A: "b:,"'), seen("GET /", { "x-a": '"b:,"' })),
    refused("a space before the colon", 400, get("X-A : b")),
    refused("a tab before the colon", 400, get("X-A\t: b")),
    refused("no name", 400, get(": b")),
    refused("no colon", 400, get("X-A")),
    refused("a space in a name", 400, get("X A: b")),
    refused("a parenthesis in a name", 400, get("X(A): b")),
    refused("a byte outside ASCII in a name", 400, get("X-\xc4: b")),
    refused("a NUL in a name", 400, get("X\0A: b")),
    refused("a NUL in a value", 400, get("X-A: b\0c")),
    refused("a control character in a value", 400, get("X-A: b\x01c")),
    refused("a DEL in a value", 400, get("X-A: b\x7fc")),
    refused("a bare CR in a value", 400, get("X-A: b\rX-B: c")),
    refused("a bare LF in a value", 400, get("X-A: b\nX-B: c")),
    refused("two CRs at a line's end", 400, get("X-A: b\r")),
    refused("a bare LF at the head's end", 400, "GET / HTTP/1.1\r\nHost: a.example\r\n\n"),
    refused("a CR and no LF at the head's end", 400, "GET / HTTP/1.1\r\nHost: a.example\r\n\rX"),
    refused("a folded line", 400, get("X-A: b", " c")),
    refused("a line folded with a tab", 400, get("X-A: b", "\tc")),
    refused("a folded first line", 400, head("GET / HTTP/1.1", " Host: a.example")),
    refused("a line of white space", 400, get("X-A: b", " ")),
  ],
};

const sizes: Group<RequestCase> = {
  section: "RFC 9110 §15.5.15, RFC 6585 §5: what is too long",
  cases: [
    passed("a request line as long as allowed", longLine(LIMITS.maxRequestLine), seen(`GET /${"p".repeat(496)}`)),
    refused("a request line one byte longer", 414, longLine(LIMITS.maxRequestLine + 1)),
    refused("a request line without an end", 414, `GET /${"p".repeat(LIMITS.maxRequestLine)}`, { alone: true }),
    refused("a method without an end", 414, "M".repeat(LIMITS.maxRequestLine)),
    passed("a head as long as allowed", sized(LIMITS.maxHeadSize), seen("GET /", { "x-pad": /^p{1900,}$/ })),
    refused("a head one byte longer", 431, sized(LIMITS.maxHeadSize + 1)),
    refused("a head without an end", 431, sized(LIMITS.maxHeadSize + 3).slice(0, -3)),
    passed("as many fields as allowed", fields(LIMITS.maxFields), seen("GET /", { "x-18": "18" })),
    refused("one field more", 431, fields(LIMITS.maxFields + 1)),
    passed("as long as allowed behind another", get() + sized(LIMITS.maxHeadSize), [seen("GET /"), seen("GET /")]),
  ],
};

/** Cases that a head decides. */
export const HEADS: readonly Group<RequestCase>[] = [
  requestLine,
  version,
  target,
  methods,
  host,
  fieldLines,
  sizes,
];
