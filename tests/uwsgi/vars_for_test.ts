/** The variables that a request becomes, from a scanned head, and the way back. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { latin1 } from "../../lib/http1/bytes.ts";
import { FIELD, HOP_BY_HOP, mask } from "../../lib/http1/fields.ts";
import { RequestHead } from "../../lib/http1/request_head.ts";
import { UwsgiError } from "../../lib/uwsgi/error.ts";
import { fieldLines } from "../../lib/uwsgi/fields.ts";
import { decodePacket, encodePacket } from "../../lib/uwsgi/packet.ts";
import { requestFrom } from "../../lib/uwsgi/request_vars.ts";
import { varsFor, type VarsSource } from "../../lib/uwsgi/vars_for.ts";
import { utf8 } from "./corpus/case.ts";

const SOURCE: VarsSource = {
  method: "GET",
  target: "/",
  path: "/",
  prefix: "",
  host: "a.example",
  protocol: "HTTP/1.1",
  scheme: "http",
  remoteAddress: "192.0.2.1",
  remotePort: 50_000,
  serverPort: 80,
  contentLength: null,
  fields: [],
};
const VARS: Readonly<Record<string, string>> = {
  QUERY_STRING: "",
  REQUEST_METHOD: "GET",
  CONTENT_TYPE: "",
  CONTENT_LENGTH: "",
  REQUEST_URI: "/",
  SCRIPT_NAME: "",
  PATH_INFO: "/",
  SERVER_PROTOCOL: "HTTP/1.1",
  REQUEST_SCHEME: "http",
  REMOTE_ADDR: "192.0.2.1",
  REMOTE_PORT: "50000",
  SERVER_PORT: "80",
  SERVER_NAME: "a.example",
  HTTP_HOST: "a.example",
};

/** A request whose path is its target's. */
const to = (target: string, prefix = ""): Partial<VarsSource> => ({ target, path: target.split("?")[0], prefix });
const withFields = (...fields: [string, string][]): Partial<VarsSource> => ({ fields });

const CASES: readonly [name: string, source: Partial<VarsSource>, vars: Record<string, string>][] = [
  ["the least", {}, {}],
  ["a query", to("/a?b=%2F&c?d"), { REQUEST_URI: "/a?b=%2F&c?d", PATH_INFO: "/a", QUERY_STRING: "b=%2F&c?d" }],
  ["an empty query", to("/a?"), { REQUEST_URI: "/a?", PATH_INFO: "/a" }],
  ["an encoded path", to("/%C3%A9%20"), { REQUEST_URI: "/%C3%A9%20", PATH_INFO: utf8("/é ") }],
  ["decoded once", to("/%252e"), { REQUEST_URI: "/%252e", PATH_INFO: "/%2e" }],
  ["an encoded slash", to("/a%2Fb"), { REQUEST_URI: "/a%2Fb", PATH_INFO: "/a/b" }],
  ["a path in its normal form", { target: "/x/..//a?b", path: "/a" }, {
    REQUEST_URI: "/x/..//a?b",
    PATH_INFO: "/a",
    QUERY_STRING: "b",
  }],
  ["dots that do not climb", to("/..a/b..c/..."), { REQUEST_URI: "/..a/b..c/...", PATH_INFO: "/..a/b..c/..." }],
  ["a mount", to("/app/a", "/app"), { REQUEST_URI: "/app/a", SCRIPT_NAME: "/app", PATH_INFO: "/a" }],
  ["a mount itself", to("/app", "/app"), { REQUEST_URI: "/app", SCRIPT_NAME: "/app", PATH_INFO: "" }],
  ["a mount's root", to("/app/", "/app"), { REQUEST_URI: "/app/", SCRIPT_NAME: "/app", PATH_INFO: "/" }],
  ["an encoded mount", to("/%C3%A9/a%2F", "/%C3%A9"), {
    REQUEST_URI: "/%C3%A9/a%2F",
    SCRIPT_NAME: utf8("/é"),
    PATH_INFO: "/a/",
  }],
  ["OPTIONS *", { ...to("*"), method: "OPTIONS" }, { REQUEST_METHOD: "OPTIONS", REQUEST_URI: "*", PATH_INFO: "*" }],
  ["https", { scheme: "https", serverPort: 443 }, { REQUEST_SCHEME: "https", HTTPS: "on", SERVER_PORT: "443" }],
  ["HTTP/1.0 without a host", { protocol: "HTTP/1.0", host: "" }, {
    SERVER_PROTOCOL: "HTTP/1.0",
    SERVER_NAME: "localhost",
    HTTP_HOST: "-",
  }],
  ["a host with a port", { host: "a:8080", serverPort: 80 }, { SERVER_NAME: "a", HTTP_HOST: "a:8080" }],
  ["a unix socket", { remoteAddress: null, remotePort: null, serverPort: null }, {
    REMOTE_ADDR: "unix:",
    REMOTE_PORT: "",
  }],
  ["the host's port", { host: "a:8080", serverPort: null }, {
    SERVER_NAME: "a",
    HTTP_HOST: "a:8080",
    SERVER_PORT: "8080",
  }],
  ["https' port", { scheme: "https", serverPort: null }, { REQUEST_SCHEME: "https", HTTPS: "on", SERVER_PORT: "443" }],
  ["an IPv6 host", { host: "[::1]:81", serverPort: 81 }, {
    SERVER_NAME: "[::1]",
    HTTP_HOST: "[::1]:81",
    SERVER_PORT: "81",
  }],
  ["a body", { method: "POST", contentLength: 5, ...withFields(["Content-Type", "a/b"], ["Content-Length", "005"]) }, {
    REQUEST_METHOD: "POST",
    CONTENT_LENGTH: "5",
    CONTENT_TYPE: "a/b",
  }],
  ["an empty body", { contentLength: 0 }, { CONTENT_LENGTH: "0" }],
  ["fields", withFields(["Accept", "*/*"], ["x-A-b", ""], ["X.Y", "\xe9"]), {
    HTTP_ACCEPT: "*/*",
    HTTP_X_A_B: "",
    "HTTP_X.Y": "\xe9",
  }],
  ["several lines", withFields(["X-A", "1"], ["x-a", "2"], ["X-A", ""]), { HTTP_X_A: "1, 2, " }],
  ["several cookies", withFields(["Cookie", "a=1"], ["cookie", "b=2"]), { HTTP_COOKIE: "a=1; b=2" }],
  ["Host is what the head says", withFields(["Host", "b.example"]), {}],
  ["Proxy", withFields(["Proxy", "http://evil/"], ["PROXY", "x"]), {}],
  ["underscores", withFields(["X_Real_IP", "1"], ["X_Real-IP", "2"], ["X-Real-IP", "3"]), { HTTP_X_REAL_IP: "3" }],
  [
    "fields for one hop",
    withFields(
      ...["Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Connection", "Expect"]
        .map((name): [string, string] => [name, "x"]),
    ),
    {},
  ],
];

Deno.test("varsFor() gives nginx's variables", async (t) => {
  for (const [name, source, expected] of CASES) {
    await t.step(name, () => {
      const vars = Object.fromEntries(varsFor({ ...SOURCE, ...source }));
      const all = Object.entries({ ...VARS, ...expected }).filter(([, value]) => value !== "-");
      assertEquals(vars, Object.fromEntries(all));
    });
  }
});

Deno.test("varsFor() refuses paths that nginx refuses", async (t) => {
  const cases: [path: string, message: string][] = [
    ["/%", "an invalid escape in the path"],
    ["/%4", "an invalid escape in the path"],
    ["/%zz", "an invalid escape in the path"],
    ["/%u0041", "an invalid escape in the path"],
    ["/a%00b", "a NUL in the path"],
    ["/a%2F..%2Fb", "a path that climbs"],
    ["/a%2F%2E%2E", "a path that climbs"],
    ["/..", "a path that climbs"],
    ["/a/../b", "a path that climbs"],
  ];
  for (const [path, message] of cases) {
    await t.step(path, () => {
      const thrown = assertThrows(() => varsFor({ ...SOURCE, ...to(path) }), UwsgiError);
      assertEquals([thrown.message, thrown.status], [message, 400]);
    });
  }
  for (const [path, prefix] of [["/apple", "/app"], ["/a", "/app"], ["/x", "/"]]) {
    assertThrows(() => varsFor({ ...SOURCE, ...to(path, prefix) }), TypeError, "Cannot mount");
  }
});

/** A scanned head, and the bytes it was scanned in. */
function scan(head: string): { head: RequestHead; bytes: Uint8Array } {
  const bytes = latin1(`xx${head}\0`);
  const result = new RequestHead({ maxHeadSize: 16_384, maxRequestLine: 8_192, maxFields: 100 });
  assert(result.scan(bytes, 2, bytes.length - 1));
  return { head: result, bytes };
}

Deno.test("fieldLines() gives a head's lines without those that are dropped", () => {
  const { head, bytes } = scan(
    "GET / HTTP/1.1\r\nHost: \t a \t\r\nX-A:1\r\nX-Empty:\r\nX-Blank: \t \r\nConnection: X-Named, close\r\n" +
      "x-named: 1\r\nX_U: 2\r\nProxy:\r\nX-Forwarded-For: ::1\r\nX-A:  2 3 \r\nUpgrade: x\r\n\r\n",
  );
  const rest = [
    ["Host", "a"],
    ["X-A", "1"],
    ["X-Empty", ""],
    ["X-Blank", ""],
    ["X_U", "2"],
    ["Proxy", ""],
    ["X-Forwarded-For", "::1"],
    ["X-A", "2 3"],
  ];
  assertEquals(fieldLines(head.fields, bytes, HOP_BY_HOP), rest as [string, string][]);
  assertEquals(fieldLines(head.fields, bytes, 0).length, 11);
  const dropped = HOP_BY_HOP | mask(FIELD.UNDERSCORE, FIELD.PROXY, FIELD.X_FORWARDED_FOR, FIELD.HOST);
  assertEquals(fieldLines(head.fields, bytes, dropped).map(([name]) => name), ["X-A", "X-Empty", "X-Blank", "X-A"]);
  const empty = scan("GET / HTTP/1.0\r\n\r\n");
  assertEquals(fieldLines(empty.head.fields, empty.bytes, HOP_BY_HOP), []);
});

Deno.test("a request comes out of its packet as it went in", () => {
  const { head, bytes } = scan(
    "POST /app/a%2Fb?q=%2F&u=%C3%BC HTTP/1.1\r\nHost: a.example:8080\r\nCookie: a=1\r\nCookie: b=2\r\n" +
      "Content-Type: text/plain\r\nContent-Length: 5\r\nConnection: keep-alive\r\nX-Name: \xe9\r\n\r\n",
  );
  const vars = varsFor({
    ...SOURCE,
    method: head.method(bytes),
    target: head.target(bytes),
    path: "/app/a%2Fb",
    prefix: "/app",
    host: head.host(bytes),
    scheme: "https",
    contentLength: head.contentLength,
    fields: fieldLines(head.fields, bytes, HOP_BY_HOP),
  });
  const sent = encodePacket(vars);
  const packet = decodePacket(sent, 0, sent.length);
  assert(packet !== "incomplete");
  assertEquals(requestFrom(packet.vars), {
    method: "POST",
    target: "/app/a%2Fb?q=%2F&u=%C3%BC",
    scriptName: "/app",
    pathInfo: "/a/b",
    queryString: "q=%2F&u=%C3%BC",
    protocol: "HTTP/1.1",
    scheme: "https",
    host: "a.example:8080",
    remoteAddress: "192.0.2.1",
    remotePort: 50_000,
    contentLength: 5,
    contentType: "text/plain",
    fields: [["cookie", "a=1; b=2"], ["x-name", "\xe9"]],
  });
});
