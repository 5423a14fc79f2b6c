/**
 * Packets as a gateway answers them: what a handler sees of each, or the status of the refusal and why.
 *
 * @module
 */
import { packetOf, utf8 } from "./case.ts";

export type Vars = Readonly<Record<string, string>>;

/** A request that reaches the handler. */
export interface ServedCase {
  readonly name: string;
  readonly bytes: string;
  /** What the handler sees, in part. */
  readonly seen: {
    readonly method?: string;
    readonly url?: string;
    readonly remote?: string;
    readonly prefix?: string;
    readonly body?: string;
    /** Null: the field is not there. */
    readonly fields?: Readonly<Record<string, string | null>>;
  };
}

/** A request that does not. */
export interface UnfitCase {
  readonly name: string;
  readonly bytes: string;
  readonly status: number;
  readonly why: string;
}

/** What nginx sends for a GET. */
export const PLAIN: Vars = {
  QUERY_STRING: "",
  REQUEST_METHOD: "GET",
  CONTENT_TYPE: "",
  CONTENT_LENGTH: "",
  REQUEST_URI: "/",
  PATH_INFO: "/",
  DOCUMENT_ROOT: "/usr/share/nginx/html",
  SERVER_PROTOCOL: "HTTP/1.1",
  REQUEST_SCHEME: "http",
  REMOTE_ADDR: "203.0.113.9",
  REMOTE_PORT: "4660",
  SERVER_PORT: "80",
  SERVER_NAME: "a.example",
  HTTP_HOST: "a.example",
};

/** The packet of a GET with other variables; an empty one is as good as none. */
export function packetWith(vars: Vars): string {
  return packetOf(Object.entries({ ...PLAIN, ...vars }));
}

function served(name: string, vars: Vars, seen: ServedCase["seen"], body = ""): ServedCase {
  return { name, bytes: packetWith(vars) + body, seen };
}

/** A path that nginx has decoded, and the client's target. */
const at = (REQUEST_URI: string, PATH_INFO: string, QUERY_STRING = ""): Vars => ({
  REQUEST_URI,
  PATH_INFO,
  QUERY_STRING,
});
const http = (rest: string) => ({ url: `http://a.example${rest}` });
const below = (rest: string) => ({ ...http(rest), prefix: "/app" });

export const SERVED: readonly ServedCase[] = [
  served("a GET", {}, { method: "GET", remote: "203.0.113.9", body: "", ...http("/") }),
  served("another method", { REQUEST_METHOD: "PROPFIND" }, { method: "PROPFIND" }),
  served("a body", { REQUEST_METHOD: "POST", CONTENT_LENGTH: "5", CONTENT_TYPE: "text/plain" }, {
    method: "POST",
    body: "hello",
    fields: { "content-length": "5", "content-type": "text/plain" },
  }, "hello"),
  served("a body of no bytes", { REQUEST_METHOD: "POST", CONTENT_LENGTH: "0" }, { body: "" }),
  served(
    "a body that is longer than it says",
    { REQUEST_METHOD: "POST", CONTENT_LENGTH: "2" },
    { body: "he" },
    "hello",
  ),
  served("bytes behind a GET", {}, { method: "GET", body: "" }, "GET /other HTTP/1.1\r\n\r\n"),
  served("a packet behind a GET", {}, http("/"), packetWith(at("/other", "/other"))),
  // Targets.
  served("an encoded slash in the path", at("/a%2Fb", "/a/b"), http("/a%2Fb")),
  served("an encoded slash in the query", at("/?q=%2F", "/", "q=%2F"), http("/?q=%2F")),
  served("%00 in the query", at("/?q=a%00b", "/", "q=a%00b"), http("/?q=a%00b")),
  served("UTF-8 in the query", at("/?q=%C3%BC", "/", "q=%C3%BC"), http("/?q=%C3%BC")),
  served("raw UTF-8 in the query", at(utf8("/?q=ü"), "/", utf8("q=ü")), http("/?q=%C3%BC")),
  served("raw UTF-8 in the path", at(utf8("/é"), utf8("/é")), http("/%C3%A9")),
  served("empty values", at("/?a=&&=b&c", "/", "a=&&=b&c"), http("/?a=&&=b&c")),
  served("an empty query", at("/?", "/", ""), http("/?")),
  served("slashes that nginx merges", at("/a//b", "/a/b"), http("/a//b")),
  served("dots that nginx resolves", at("/x/..%2e/a", "/x/.../a"), http("/x/..%2e/a")),
  served("lower-case escapes", at("/%c3%a9%7e", utf8("/é~")), http("/%c3%a9%7e")),
  served("a path that nginx has rewritten", at("/old?a=1", "/new", "a=1&b=2"), http("/new?a=1&b=2")),
  served("a rewritten path with a question mark", at("/old", "/a?b%"), http("/a%3Fb%25")),
  served("a path that only decoding makes climb", at("/a%2F..%2Fb", "/b"), http("/b")),
  served(
    "PATH_INFO behind SCRIPT_NAME",
    { ...at("/app/a%2Fb?q", "/a/b", "q"), SCRIPT_NAME: "/app" },
    below("/a%2Fb?q"),
  ),
  served("SCRIPT_NAME and the whole path", { ...at("/app/a", "/app/a"), SCRIPT_NAME: "/app" }, below("/a")),
  served("SCRIPT_NAME of another path", { ...at("/a", "/a"), SCRIPT_NAME: "/app" }, { ...http("/a"), prefix: "" }),
  served("no REQUEST_URI", { ...at("", "/a b", "q=1"), SCRIPT_NAME: "/app" }, below("/a%20b?q=1")),
  served("no PATH_INFO", at("/a?b", ""), http("/a?b")),
  served("a path that nginx has rewritten to what was sent, encoded", at("/a%2Fb", "/a%2Fb"), http("/a%252Fb")),
  served("SCRIPT_NAME without a slash", { ...at("/a", "/a"), SCRIPT_NAME: "app" }, { ...http("/a"), prefix: "" }),
  served("an absolute target", at("http://b.example/x?y", "/x", "y"), { url: "http://b.example/x?y" }),
  // Who asks, and whom.
  served("HTTPS", { HTTPS: "on" }, { url: "https://a.example/" }),
  served("REQUEST_SCHEME", { REQUEST_SCHEME: "https" }, { url: "https://a.example/" }),
  served("HTTPS that is off", { HTTPS: "off" }, { url: "http://a.example/" }),
  served("a host with a port", { HTTP_HOST: "a.example:8080" }, { url: "http://a.example:8080/" }),
  served("no Host", { HTTP_HOST: "", SERVER_PROTOCOL: "HTTP/1.0" }, { url: "http://a.example/" }),
  served("no host at all", { HTTP_HOST: "", SERVER_NAME: "_" }, { url: "http://localhost/" }),
  served("HTTP/2 in front", { SERVER_PROTOCOL: "HTTP/2.0" }, http("/")),
  served("an IPv6 client", { REMOTE_ADDR: "2001:db8::9" }, { remote: "2001:db8::9" }),
  served("a client on nginx's unix socket", { REMOTE_ADDR: "unix:", REMOTE_PORT: "" }, { remote: "unix:" }),
  // Fields.
  served("fields", { HTTP_USER_AGENT: "x/1", HTTP_X_A: "1, 2", HTTP_COOKIE: "a=1; b" }, {
    fields: { "user-agent": "x/1", "x-a": "1, 2", cookie: "a=1; b" },
  }),
  served("a field in Latin-1", { HTTP_X_A: "\xe9" }, { fields: { "x-a": "\xe9" } }),
  served("HTTP_PROXY", { HTTP_PROXY: "http://evil.example/" }, { fields: { proxy: null } }),
  served("what makes uWSGI run code", { UWSGI_FILE: "/tmp/x.py", UWSGI_SETENV: "A=b", UWSGI_SCHEME: "https" }, {
    ...http("/"),
    fields: { "uwsgi-file": null },
  }),
  served("fields of one hop", {
    HTTP_CONNECTION: "keep-alive, X-A",
    HTTP_X_A: "1",
    HTTP_TE: "trailers",
    HTTP_EXPECT: "100-continue",
  }, { fields: { te: null, expect: null, "x-a": "1" } }),
  served("an upgrade, which there is none", { HTTP_CONNECTION: "Upgrade", HTTP_UPGRADE: "websocket" }, {
    fields: { upgrade: null },
  }),
  served("two framings", { REQUEST_METHOD: "POST", CONTENT_LENGTH: "2", HTTP_TRANSFER_ENCODING: "chunked" }, {
    body: "he",
    fields: { "transfer-encoding": null },
  }, "he"),
  served(
    "a length twice",
    { REQUEST_METHOD: "POST", CONTENT_LENGTH: "2", HTTP_CONTENT_LENGTH: "5" },
    { body: "he" },
    "hello",
  ),
  served("who a client says it is", { HTTP_X_FORWARDED_FOR: "10.0.0.1", HTTP_X_REAL_IP: "10.0.0.2" }, {
    remote: "203.0.113.9",
    fields: { "x-forwarded-for": "203.0.113.9", "x-real-ip": "203.0.113.9" },
  }),
  served("a scheme that a client says", { HTTP_X_FORWARDED_PROTO: "https" }, http("/")),
  served("a prefix that a client says", { HTTP_X_FORWARDED_PREFIX: "/x" }, { fields: { "x-forwarded-prefix": null } }),
];

function unfit(name: string, vars: Vars, why: string, status = 400): UnfitCase {
  return { name, bytes: packetWith(vars), status, why };
}

export const UNFIT: readonly UnfitCase[] = [
  unfit("no method", { REQUEST_METHOD: "" }, "no REQUEST_METHOD"),
  unfit("a method with a line", { REQUEST_METHOD: "GET / HTTP/1.1\r\nX: y" }, "an invalid REQUEST_METHOD"),
  unfit("CONNECT", { REQUEST_METHOD: "CONNECT" }, "CONNECT or TRACE", 405),
  unfit("TRACE", { REQUEST_METHOD: "TRACE" }, "CONNECT or TRACE", 405),
  unfit("a line in REQUEST_URI", at("/ HTTP/1.1\r\nX: y", "/"), "a character in REQUEST_URI that is not allowed"),
  unfit("a fragment in REQUEST_URI", at("/a#b", "/a"), "a fragment in REQUEST_URI"),
  unfit("a REQUEST_URI of another scheme", at("ftp://a/", "/"), "REQUEST_URI is neither a path nor an http URL"),
  unfit("a rewritten path without a slash", at("/a", "b"), "a path that does not begin with a slash"),
  unfit(
    "a line in the query of a rewritten path",
    at("/a", "/b", "\r\n"),
    "a character in QUERY_STRING that is not allowed",
  ),
  unfit("a bad Host", { HTTP_HOST: "a/b" }, "an invalid HTTP_HOST"),
  unfit("a line in a field", { HTTP_X_A: "1\r\nX: y" }, "a control character in HTTP_X_A"),
  unfit("a NUL in a field", { HTTP_X_A: "\0" }, "a control character in HTTP_X_A"),
  unfit("a line in CONTENT_TYPE", { CONTENT_TYPE: "a\nb" }, "a control character in CONTENT_TYPE"),
  unfit("an address that is none", { REMOTE_ADDR: "10.0.0.1, 10.0.0.2" }, "an invalid REMOTE_ADDR"),
  unfit("a port that is none", { REMOTE_PORT: "65536" }, "an invalid REMOTE_PORT"),
  unfit("a protocol that is none", { SERVER_PROTOCOL: "HTTP" }, "an invalid SERVER_PROTOCOL"),
  ...["-1", "+5", "5,5", " 5", "0x5", "5.0", "5\n", "18446744073709551621"].map((length) =>
    unfit(`a length of ${JSON.stringify(length)}`, { CONTENT_LENGTH: length }, "an invalid CONTENT_LENGTH")
  ),
];

const long = (length: number) => "x".repeat(length);

/** Beyond the limits that requests over HTTP have as well; nothing is wrong with the packet. */
export const TOO_LARGE: readonly UnfitCase[] = [
  unfit("a target of 8 KiB", at(`/${long(8_192)}`, `/${long(8_192)}`), "", 414),
  unfit("a field of 16 KiB", { HTTP_X_A: long(16_384) }, "", 431),
  unfit("a packet of 64 KiB", { HTTP_X_A: long(65_000) }, "", 431),
  unfit("101 fields", Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`HTTP_X_${i}`, "1"])), "", 431),
];
