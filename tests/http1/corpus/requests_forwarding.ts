/**
 * Requests by what a proxy does to their fields: what is for one hop ends here, and who the client is, is ours to say.
 *
 * @module
 */
import { get, type Group, head, passed, post, type RequestCase, seen } from "./case.ts";

const hopByHop: Group<RequestCase> = {
  section: "RFC 9110 §7.6.1: fields for one hop",
  cases: [
    passed("a field that Connection names", get("Connection: X-A", "X-A: b", "X-B: c"), [
      seen("GET /", { connection: null, "x-a": null, "x-b": "c" }),
    ]),
    passed(
      "several, in any case, wherever they stand",
      get("x-a: 1", "Connection: close, X-A,,x-B", "X-B: 2", "X-a: 3"),
      [
        seen("GET /", { "x-a": null, "x-b": null }),
      ],
      { after: "closed" },
    ),
    passed("named in the second of two lines", get("Connection: keep-alive", "Connection: X-A", "X-A: b"), [
      seen("GET /", { "x-a": null }),
    ]),
    passed("Connection cannot name Host", get("Connection: Host"), seen("GET /", { host: "a.example" })),
    passed("Connection cannot name Content-Length", post("Connection: Content-Length", "Content-Length: 2") + "hi", [
      seen("POST /p", { "content-length": "2" }, "hi"),
    ]),
    passed(
      "Connection cannot name Transfer-Encoding",
      post("Connection: Transfer-Encoding", "Transfer-Encoding: chunked") + "2\r\nhi\r\n0\r\n\r\n",
      seen("POST /p", { "transfer-encoding": "chunked" }, "hi"),
    ),
    passed(
      "Connection cannot name what we say of the client",
      get("Connection: X-Forwarded-For, X-Real-IP, X-Request-Id"),
      [
        seen("GET /", { "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", "x-request-id": /^[!-~]+$/ }),
      ],
    ),
    passed("TE", get("TE: trailers"), seen("GET /", { te: null })),
    passed("Trailer", post("Transfer-Encoding: chunked", "Trailer: X-T") + "0\r\nX-T: a\r\n\r\n", [
      seen("POST /p", { trailer: null, "x-t": null }),
    ]),
    passed("Keep-Alive", get("Keep-Alive: timeout=5"), seen("GET /", { "keep-alive": null })),
    passed("Proxy-Connection", get("Proxy-Connection: keep-alive"), seen("GET /", { "proxy-connection": null })),
  ],
};

const upgrade: Group<RequestCase> = {
  section: "RFC 9110 §7.8: Upgrade",
  cases: [
    passed("to websocket", get("Connection: Upgrade", "Upgrade: websocket"), [
      seen("GET /", { connection: "Upgrade", upgrade: "websocket" }),
    ]),
    passed("to websocket, as Firefox asks", get("Connection: keep-alive, Upgrade", "Upgrade: WebSocket"), [
      seen("GET /", { connection: "Upgrade", upgrade: "WebSocket" }),
    ]),
    passed("to something else", get("Connection: upgrade", "Upgrade: irc/6.9"), [
      seen("GET /", { connection: "Upgrade", upgrade: "irc/6.9" }),
    ]),
    passed("to something in obs-text, byte for byte", get("Connection: upgrade", "Upgrade: \x80\xe9"), [
      seen("GET /", { upgrade: "\x80\xe9" }),
    ]),
    passed("without Connection", get("Upgrade: websocket"), seen("GET /", { connection: null, upgrade: null })),
    passed("with a body", post("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 2") + "hi", [
      seen("POST /p", { connection: null, upgrade: null }, "hi"),
    ]),
    passed("on HTTP/1.0", head("GET / HTTP/1.0", "Host: a", "Connection: Upgrade", "Upgrade: websocket"), [
      seen("GET /", { connection: null, upgrade: null }),
    ], { after: "closed" }),
    passed(
      "to h2c, which is never forwarded",
      get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA"),
      [
        seen("GET /", { connection: null, upgrade: null, "http2-settings": null }),
      ],
    ),
    passed(
      "to h2c among others",
      get("Connection: Upgrade", "Upgrade: websocket, H2C"),
      seen("GET /", { upgrade: null }),
    ),
    passed("to h2c in a second line", get("Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c-14"), [
      seen("GET /", { upgrade: null }),
    ]),
  ],
};

const dangerous: Group<RequestCase> = {
  section: "RFC 3875 §4.1.18: names that gateways confuse",
  cases: [
    passed("Proxy, which becomes HTTP_PROXY", get("Proxy: http://evil.example/"), seen("GET /", { proxy: null })),
    passed("a name with an underscore", get("X_Forwarded_For: 1.2.3.4", "X-A: b"), [
      seen("GET /", { x_forwarded_for: null, "x-a": "b" }),
    ]),
    passed("Content_Length", get("Content_Length: 5"), seen("GET /", { content_length: null })),
    passed("Transfer_Encoding", get("Transfer_Encoding: chunked"), seen("GET /", { transfer_encoding: null })),
  ],
};

const SPOOFED = [
  "X-Forwarded-For: 1.2.3.4",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.example",
  "X-Forwarded-Port: 666",
  "Forwarded: for=1.2.3.4;proto=https",
  "X-Real-IP: 1.2.3.4",
  "X-Request-Id: chosen",
];
const forwarding: Group<RequestCase> = {
  section: "RFC 7239 §8: who the client is",
  cases: [
    passed("said by us", get(), [
      seen("GET /", {
        "x-forwarded-for": "127.0.0.1",
        "x-real-ip": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "a.example",
        "x-request-id": /^[0-9a-f]+-[0-9a-f]+$/,
        forwarded: null,
      }),
    ]),
    passed("said by a client that is not believed", get(...SPOOFED), [
      seen("GET /", {
        "x-forwarded-for": "127.0.0.1",
        "x-real-ip": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "a.example",
        "x-forwarded-port": null,
        forwarded: null,
        "x-request-id": /^[0-9a-f]+-[0-9a-f]+$/,
      }),
    ]),
    passed("in lower case", get(...SPOOFED.map((line) => line.toLowerCase())), [
      seen("GET /", { "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", forwarded: null }),
    ]),
    passed("said by a trusted proxy", get(...SPOOFED), [
      seen("GET /", {
        "x-forwarded-for": "1.2.3.4, 127.0.0.1",
        "x-real-ip": "1.2.3.4",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "evil.example",
        "x-request-id": "chosen",
        forwarded: null,
      }),
    ], { trusted: true }),
    passed("a chain from a trusted proxy, of which the right end counts", get("X-Forwarded-For: 6.6.6.6, 1.2.3.4"), [
      seen("GET /", { "x-forwarded-for": "6.6.6.6, 1.2.3.4, 127.0.0.1", "x-real-ip": "1.2.3.4" }),
    ], { trusted: true }),
    passed("a chain in two lines", get("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 1.2.3.4"), [
      seen("GET /", { "x-forwarded-for": "6.6.6.6, 1.2.3.4, 127.0.0.1", "x-real-ip": "1.2.3.4" }),
    ], { trusted: true }),
    passed("nothing from a trusted proxy", get(), [
      seen("GET /", { "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", "x-forwarded-proto": "http" }),
    ], { trusted: true }),
    passed(
      "a scheme that is none",
      get("X-Forwarded-Proto: javascript"),
      seen("GET /", { "x-forwarded-proto": "http" }),
      {
        trusted: true,
      },
    ),
    passed("a host that is none", get("X-Forwarded-Host: a b"), seen("GET /", { "x-forwarded-host": "a.example" }), {
      trusted: true,
    }),
    passed("a request id that is too long", get(`X-Request-Id: ${"i".repeat(129)}`), [
      seen("GET /", { "x-request-id": /^[0-9a-f]+-[0-9a-f]+$/ }),
    ], { trusted: true }),
    passed("obs-text from a trusted proxy, byte for byte", get("X-Forwarded-For: \x80\xe9"), [
      seen("GET /", { "x-forwarded-for": "\x80\xe9, 127.0.0.1", "x-real-ip": "127.0.0.1" }),
    ], { trusted: true }),
  ],
};

/** Cases of what is passed on. */
export const FORWARDING: readonly Group<RequestCase>[] = [hopByHop, upgrade, dangerous, forwarding];
