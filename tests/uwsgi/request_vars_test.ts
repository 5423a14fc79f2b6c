/** The request in a packet's variables: what is taken, what is refused, and what does nothing. */
import { assertEquals, assertThrows } from "@std/assert";
import { UwsgiError } from "../../lib/uwsgi/error.ts";
import { requestFrom, type UwsgiRequest } from "../../lib/uwsgi/request_vars.ts";
import { utf8 } from "./corpus/case.ts";

type Vars = Readonly<Record<string, string>>;

const GET: Vars = { REQUEST_METHOD: "GET", REQUEST_URI: "/" };
const NOTHING: UwsgiRequest = {
  method: "GET",
  target: "/",
  scriptName: "",
  pathInfo: "",
  queryString: "",
  protocol: "HTTP/1.1",
  scheme: "http",
  host: "",
  remoteAddress: null,
  remotePort: null,
  contentLength: null,
  contentType: null,
  fields: [],
};

const from = (vars: Vars) => requestFrom(new Map(Object.entries(vars)));
/** A request without REQUEST_URI. */
const path = (SCRIPT_NAME: string, PATH_INFO: string, QUERY_STRING = ""): Vars => ({
  REQUEST_METHOD: "GET",
  REQUEST_URI: "",
  SCRIPT_NAME,
  PATH_INFO,
  QUERY_STRING,
});
const options = (REQUEST_URI: string): Vars => ({ REQUEST_METHOD: "OPTIONS", REQUEST_URI });

const TAKEN: readonly [name: string, vars: Vars, seen: Partial<UwsgiRequest>][] = [
  ["only what is needed", {}, {}],
  [
    "what nginx sends empty",
    { CONTENT_LENGTH: "", CONTENT_TYPE: "", HTTP_HOST: "", SERVER_NAME: "", SERVER_PORT: "" },
    {},
  ],
  ["another method", { REQUEST_METHOD: "M-SEARCH" }, { method: "M-SEARCH" }],
  // Targets.
  ["REQUEST_URI as it is", { REQUEST_URI: "/a%2Fb/..//%c3?q=%20&r=/?" }, { target: "/a%2Fb/..//%c3?q=%20&r=/?" }],
  ["REQUEST_URI of a rewritten path", { REQUEST_URI: "/a", PATH_INFO: "/b" }, { target: "/a", pathInfo: "/b" }],
  ["REQUEST_URI in raw UTF-8", { REQUEST_URI: utf8("/é?ü") }, { target: "/%C3%A9?%C3%BC" }],
  ["REQUEST_URI in absolute-form", { REQUEST_URI: "http://a:1/b?c", HTTP_HOST: "x" }, { target: "/b?c", host: "a:1" }],
  ["absolute-form without a path", { REQUEST_URI: "HTTPS://a" }, { target: "/", host: "a" }],
  ["absolute-form with a query alone", { REQUEST_URI: "http://a?b" }, { target: "/?b", host: "a" }],
  ["OPTIONS *", options("*"), { method: "OPTIONS", target: "*" }],
  ["OPTIONS of a host", options("http://a"), { method: "OPTIONS", target: "*", host: "a" }],
  ["a path", path("", "/a/b"), { target: "/a/b", pathInfo: "/a/b" }],
  ["a path and a query", path("", "/a", "b=%2F"), { target: "/a?b=%2F", pathInfo: "/a", queryString: "b=%2F" }],
  ["a mount", path("/app", "/a"), { target: "/app/a", scriptName: "/app", pathInfo: "/a" }],
  ["a mount's root", path("/app", ""), { target: "/app", scriptName: "/app" }],
  ["no path", path("", ""), { target: "/" }],
  ["a path in UTF-8", path("", utf8("/é")), { target: "/%C3%A9", pathInfo: utf8("/é") }],
  ["a path in Latin-1", path("", "/\xe9"), { target: "/%E9", pathInfo: "/\xe9" }],
  ["a path with what ends one", path("", "/a?b#c%2F d"), { target: "/a%3Fb%23c%252F%20d", pathInfo: "/a?b#c%2F d" }],
  ["a path with controls", path("", "/\0\r\n\x7f"), { target: "/%00%0D%0A%7F", pathInfo: "/\0\r\n\x7f" }],
  ["a query in UTF-8", path("", "/", utf8("ü")), { target: "/?%C3%BC", pathInfo: "/", queryString: utf8("ü") }],
  // Where from and where to.
  ["HTTP_HOST", { HTTP_HOST: "a.example:8080", SERVER_NAME: "b" }, { host: "a.example:8080" }],
  ["SERVER_NAME", { SERVER_NAME: "b", SERVER_PORT: "80" }, { host: "b" }],
  ["SERVER_NAME and a port", { SERVER_NAME: "b", SERVER_PORT: "8080" }, { host: "b:8080" }],
  ["SERVER_NAME and https", { SERVER_NAME: "b", SERVER_PORT: "443", HTTPS: "on" }, { host: "b", scheme: "https" }],
  ["SERVER_NAME of an IPv6 address", { SERVER_NAME: "[::1]", SERVER_PORT: "81" }, { host: "[::1]:81" }],
  ["nginx's catch-all name", { SERVER_NAME: "_", SERVER_PORT: "80" }, { host: "" }],
  ["a regular expression of nginx", { SERVER_NAME: "~^(www\\.)?a$", SERVER_PORT: "80" }, { host: "" }],
  ["a client's address", { REMOTE_ADDR: "192.0.2.1", REMOTE_PORT: "1" }, { remoteAddress: "192.0.2.1", remotePort: 1 }],
  ["an IPv6 address", { REMOTE_ADDR: "2001:db8::1" }, { remoteAddress: "2001:db8::1" }],
  ["a client on a unix socket", { REMOTE_ADDR: "unix:", REMOTE_PORT: "" }, {}],
  ["HTTPS on", { HTTPS: "on" }, { scheme: "https" }],
  ["HTTPS 1", { HTTPS: "1" }, { scheme: "https" }],
  ["HTTPS off", { HTTPS: "off" }, {}],
  ["HTTPS empty", { HTTPS: "", REQUEST_SCHEME: "http" }, {}],
  ["REQUEST_SCHEME", { REQUEST_SCHEME: "https" }, { scheme: "https" }],
  ["HTTP/1.0", { SERVER_PROTOCOL: "HTTP/1.0" }, { protocol: "HTTP/1.0" }],
  ["HTTP/2.0", { SERVER_PROTOCOL: "HTTP/2.0" }, { protocol: "HTTP/2.0" }],
  // Bodies.
  ["a body", { CONTENT_LENGTH: "5", CONTENT_TYPE: "text/plain" }, { contentLength: 5, contentType: "text/plain" }],
  ["an empty body", { CONTENT_LENGTH: "0" }, { contentLength: 0 }],
  ["the longest body", { CONTENT_LENGTH: "9007199254740991" }, { contentLength: 9_007_199_254_740_991 }],
  ["lengths that are only fields", { HTTP_CONTENT_LENGTH: "7", HTTP_TRANSFER_ENCODING: "chunked" }, {}],
  ["nginx says it twice", { CONTENT_LENGTH: "5", HTTP_CONTENT_LENGTH: "5" }, { contentLength: 5 }],
  // Fields.
  ["fields", { HTTP_ACCEPT: "*/*", HTTP_X_A_B: "\xe9\t1" }, { fields: [["accept", "*/*"], ["x-a-b", "\xe9\t1"]] }],
  ["an empty field", { HTTP_X_A: "" }, { fields: [["x-a", ""]] }],
  ["a field in lower case", { "HTTP_x-a": "1" }, { fields: [["x-a", "1"]] }],
  ["HTTP_PROXY", { HTTP_PROXY: "http://evil/" }, {}],
  ["fields for one hop", {
    HTTP_CONNECTION: "close",
    HTTP_KEEP_ALIVE: "1",
    HTTP_TE: "trailers",
    HTTP_TRAILER: "a",
    HTTP_UPGRADE: "h2c",
    HTTP_PROXY_CONNECTION: "close",
    HTTP_EXPECT: "100-continue",
    "HTTP_transfer-Encoding": "chunked",
  }, {}],
  ["a field that Connection names", { HTTP_CONNECTION: "X-Real-IP", HTTP_X_REAL_IP: "::1" }, {
    fields: [["x-real-ip", "::1"]],
  }],
  ["what makes uWSGI run code", {
    UWSGI_FILE: "/tmp/x.py",
    UWSGI_MODULE: "os",
    UWSGI_SCRIPT: "x",
    UWSGI_SETENV: "A=b",
    UWSGI_SCHEME: "https",
    UWSGI_CHDIR: "/\0",
  }, {}],
  ["what nobody knows", { DOCUMENT_ROOT: "/\n", REMOTE_USER: "x\0", AUTH_TYPE: "", http_x: "1" }, {}],
];

Deno.test("requestFrom() gives the request", async (t) => {
  for (const [name, vars, seen] of TAKEN) {
    await t.step(name, () => assertEquals(from({ ...GET, ...vars }), { ...NOTHING, ...seen }));
  }
});

const REFUSED: readonly [name: string, vars: Vars, message: string, status?: number][] = [
  ["no method", { REQUEST_METHOD: "" }, "no REQUEST_METHOD"],
  ["a method with a space", { REQUEST_METHOD: "GET /" }, "an invalid REQUEST_METHOD"],
  ["a method with a line", { REQUEST_METHOD: "GET\r\n" }, "an invalid REQUEST_METHOD"],
  ["CONNECT", { REQUEST_METHOD: "CONNECT" }, "CONNECT or TRACE", 405],
  ["TRACE", { REQUEST_METHOD: "TRACE" }, "CONNECT or TRACE", 405],
  ["a space in REQUEST_URI", { REQUEST_URI: "/a b" }, "a character in REQUEST_URI that is not allowed"],
  ["a line in REQUEST_URI", { REQUEST_URI: "/ HTTP/1.1\r\nA: b" }, "a character in REQUEST_URI that is not allowed"],
  ["a NUL in REQUEST_URI", { REQUEST_URI: "/\0" }, "a character in REQUEST_URI that is not allowed"],
  ["a fragment in REQUEST_URI", { REQUEST_URI: "/a#b" }, "a fragment in REQUEST_URI"],
  ["a REQUEST_URI that is no path", { REQUEST_URI: "a" }, "REQUEST_URI is neither a path nor an http URL"],
  ["a REQUEST_URI of another scheme", { REQUEST_URI: "ftp://a/" }, "REQUEST_URI is neither a path nor an http URL"],
  ["* of a GET", { REQUEST_URI: "*" }, "REQUEST_URI is neither a path nor an http URL"],
  ["a bad host in REQUEST_URI", { REQUEST_URI: "http://a@b/" }, "an invalid host in REQUEST_URI"],
  ["no host in REQUEST_URI", { REQUEST_URI: "http:///" }, "an invalid host in REQUEST_URI"],
  ["a path without a slash", path("", "a"), "a path that does not begin with a slash"],
  ["* of a GET, in PATH_INFO", path("", "*"), "a path that does not begin with a slash"],
  ["a space in a query", path("", "/", "a b"), "a character in QUERY_STRING that is not allowed"],
  ["a line in a query", path("", "/", "a\r\n"), "a character in QUERY_STRING that is not allowed"],
  ["a fragment in a query", path("", "/", "a#b"), "a fragment in QUERY_STRING"],
  ["a bad host", { HTTP_HOST: "a/b" }, "an invalid HTTP_HOST"],
  ["two hosts", { HTTP_HOST: "a, b" }, "an invalid HTTP_HOST"],
  ["a host with a line", { HTTP_HOST: "a\r\nX: y" }, "an invalid HTTP_HOST"],
  ["a host that is another in a URL", { HTTP_HOST: "1.2.3" }, "an invalid HTTP_HOST"],
  ["a protocol that is none", { SERVER_PROTOCOL: "HTTP/1.1\r\n" }, "an invalid SERVER_PROTOCOL"],
  ["INCLUDED", { SERVER_PROTOCOL: "INCLUDED" }, "an invalid SERVER_PROTOCOL"],
  ["an address that is a name", { REMOTE_ADDR: "localhost" }, "an invalid REMOTE_ADDR"],
  ["an address with a line", { REMOTE_ADDR: "127.0.0.1\r\nX: y" }, "an invalid REMOTE_ADDR"],
  ["a list of addresses", { REMOTE_ADDR: "127.0.0.1, ::1" }, "an invalid REMOTE_ADDR"],
  ["a port beyond 65,535", { REMOTE_PORT: "65536" }, "an invalid REMOTE_PORT"],
  ["a port with a sign", { REMOTE_PORT: "+1" }, "an invalid REMOTE_PORT"],
  ["a bad port of the server", { SERVER_NAME: "a", SERVER_PORT: "x" }, "an invalid SERVER_PORT"],
  ...["-1", "+5", "5,5", " 5", "5 ", "0x5", "5.0", "5\n", "\xb2", "9007199254740992", "18446744073709551621", "\0"].map(
    (
      length,
    ) =>
      [`a length of ${JSON.stringify(length)}`, { CONTENT_LENGTH: length }, "an invalid CONTENT_LENGTH"] as [
        string,
        Vars,
        string,
      ],
  ),
  ["a line in CONTENT_TYPE", { CONTENT_TYPE: "a\r\nB: c" }, "a control character in CONTENT_TYPE"],
  ["a line in a field", { HTTP_X_A: "a\r\nB: c" }, "a control character in HTTP_X_A"],
  ["a bare CR in a field", { HTTP_X_A: "a\rb" }, "a control character in HTTP_X_A"],
  ["a NUL in a field", { HTTP_X_A: "\0" }, "a control character in HTTP_X_A"],
  ["a DEL in a field", { HTTP_X_A: "\x7f" }, "a control character in HTTP_X_A"],
  ["a field without a name", { HTTP_: "a" }, "a field without a name"],
];

Deno.test("requestFrom() refuses what cannot be written as a request", async (t) => {
  for (const [name, vars, message, status = 400] of REFUSED) {
    await t.step(name, () => {
      const thrown = assertThrows(() => from({ ...GET, ...vars }), UwsgiError);
      assertEquals([thrown.message, thrown.status], [message, status]);
    });
  }
});
