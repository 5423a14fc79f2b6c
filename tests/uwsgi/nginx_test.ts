/** What a real nginx sends to a uwsgi socket: read here, and compared with what is made here of the same request. */
import { assert, assertEquals } from "@std/assert";
import { latin1, text } from "../../lib/http1/bytes.ts";
import { HOP_BY_HOP } from "../../lib/http1/fields.ts";
import { RequestHead } from "../../lib/http1/request_head.ts";
import { fieldLines } from "../../lib/uwsgi/fields.ts";
import { decodePacket, type Packet } from "../../lib/uwsgi/packet.ts";
import { requestFrom, type UwsgiRequest } from "../../lib/uwsgi/request_vars.ts";
import { varsFor } from "../../lib/uwsgi/vars_for.ts";
import { freePort } from "../support/free_port.ts";
import { installed, Running, TestDirectory } from "../support/stackd.ts";
import { accepts } from "../support/until.ts";
import { within } from "../support/within.ts";
import { utf8 } from "./corpus/case.ts";

/** nginx's conf/uwsgi_params, and its default HTTP_HOST, here written out: Debian's is another. */
const PARAMS = [
  ["QUERY_STRING", "$query_string"],
  ["REQUEST_METHOD", "$request_method"],
  ["CONTENT_TYPE", "$content_type"],
  ["CONTENT_LENGTH", "$content_length"],
  ["REQUEST_URI", "$request_uri"],
  ["PATH_INFO", "$document_uri"],
  ["DOCUMENT_ROOT", "$document_root"],
  ["SERVER_PROTOCOL", "$server_protocol"],
  ["REQUEST_SCHEME", "$scheme"],
  ["HTTPS", "$https if_not_empty"],
  ["REMOTE_ADDR", "$remote_addr"],
  ["REMOTE_PORT", "$remote_port"],
  ["SERVER_PORT", "$server_port"],
  ["SERVER_NAME", "$server_name"],
  // What a location says after them comes second.
  ["SERVER_NAME", "a.example"],
];

interface Case {
  readonly name: string;
  readonly head: string;
  readonly body: string;
  /** The path in normal form. */
  readonly path: string;
  readonly request: Partial<UwsgiRequest>;
}

const CASES: readonly Case[] = [
  {
    name: "a GET",
    head: "GET /a/b?c=d HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nX-Empty:\r\nX_U: 1\r\nProxy: evil\r\n\r\n",
    body: "",
    path: "/a/b",
    request: { method: "GET", target: "/a/b?c=d", pathInfo: "/a/b", queryString: "c=d", host: "a.example" },
  },
  {
    name: "a POST",
    head: "POST /p HTTP/1.1\r\nHost: a.example\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n",
    body: "hello",
    path: "/p",
    request: { method: "POST", contentLength: 5, contentType: "text/plain", fields: [] },
  },
  {
    name: "a query with %2F and UTF-8",
    head: "GET /?q=%2F&u=%C3%BC&r=x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    body: "",
    path: "/",
    request: { target: "/?q=%2F&u=%C3%BC&r=x", queryString: "q=%2F&u=%C3%BC&r=x" },
  },
  {
    name: "a path with escapes, dots and slashes",
    head: "GET /x/..//a%2Fb/%C3%A9%252e%20 HTTP/1.1\r\nHost: a.example\r\n\r\n",
    body: "",
    path: "/a%2Fb/%C3%A9%252e%20",
    request: { target: "/x/..//a%2Fb/%C3%A9%252e%20", pathInfo: utf8("/a/b/é%2e ") },
  },
  {
    name: "fields of two lines, and some for one hop",
    head: "GET / HTTP/1.1\r\nHost: a.example\r\nX-A: 1\r\nCookie: a=1\r\nX-A: 2\r\nCookie: b=2\r\nTE: trailers\r\n" +
      "Connection: close\r\nUpgrade: x\r\n\r\n",
    body: "",
    path: "/",
    request: { fields: [["x-a", "1, 2"], ["cookie", "a=1; b=2"]] },
  },
  {
    name: "an absolute-form target",
    head: "GET http://a.example/abs?q HTTP/1.1\r\nHost: a.example\r\n\r\n",
    body: "",
    path: "/abs",
    request: { target: "/abs?q", host: "a.example" },
  },
  {
    name: "HTTP/1.0 without a Host",
    head: "GET / HTTP/1.0\r\n\r\n",
    body: "",
    path: "/",
    request: { protocol: "HTTP/1.0", fields: [] },
  },
];

/** Takes one packet and its body, answers, and closes. */
async function takePacket(listener: Deno.Listener): Promise<{ packet: Packet; body: string }> {
  using conn = await listener.accept();
  const bytes = new Uint8Array(70_000);
  let length = 0, packet: "incomplete" | Packet = "incomplete", bodyLength = 0;
  while (packet === "incomplete" || length < packet.length + bodyLength) {
    const read = await conn.read(bytes.subarray(length));
    assert(read !== null);
    length += read;
    if (packet === "incomplete") packet = decodePacket(bytes, 0, length);
    if (packet !== "incomplete") bodyLength = requestFrom(packet.vars).contentLength ?? 0;
  }
  await conn.write(latin1("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  return { packet, body: text(bytes, packet.length, length) };
}

/** Variables that only one side has, by intent. */
function comparable(vars: Map<string, string>): Record<string, string> {
  // What ends with the client's connection nginx passes on, and lengths and types twice.
  const leftOut = ["DOCUMENT_ROOT", "SCRIPT_NAME", "HTTP_PROXY", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"];
  const oneHop = ["HTTP_CONNECTION", "HTTP_TE", "HTTP_UPGRADE"];
  const names = [...leftOut, ...oneHop];
  return Object.fromEntries([...vars].filter(([name]) => !names.includes(name)));
}

Deno.test({
  name: "a real nginx's packets are read, and ours are like them" + (installed("nginx") ? "" : " (no nginx here)"),
  ignore: !installed("nginx"),
  async fn(t) {
    using directory = new TestDirectory();
    const socket = directory.at("app.sock"), port = freePort();
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) =>
      `${kind}_temp_path "${directory.at(kind)}";`
    );
    const config = directory.write(
      "nginx.conf",
      `daemon off; pid "${directory.at("pid")}"; error_log stderr; worker_processes 1;
      events { worker_connections 64; }
      http {
        access_log off; ${temporary.join(" ")}
        server {
          listen 127.0.0.1:${port};
          location / {
            uwsgi_pass "unix:${socket}";
            ${PARAMS.map(([name, value]) => `uwsgi_param ${name} ${value};`).join("\n")}
          }
        }
      }`,
    );
    using listener = Deno.listen({ transport: "unix", path: socket });
    // nginx's workers run as another user, who must be able to reach the socket.
    Deno.chmodSync(socket, 0o666);
    Deno.chmodSync(directory.path, 0o755);
    await using nginx = new Running("nginx", ["-c", config, "-p", directory.path]);
    await nginx.until("it listens", () => accepts({ hostname: "127.0.0.1", port }));
    for (const { name, head: sent, body, path, request } of CASES) {
      await t.step(name, async () => {
        using client = await Deno.connect({ hostname: "127.0.0.1", port });
        await client.write(latin1(sent + body));
        const taken = await within("nginx sends a packet", takePacket(listener));
        assertEquals(taken.body, body);
        const seen = requestFrom(taken.packet.vars);
        assertEquals({ ...seen, ...request }, seen);
        assertEquals([seen.remoteAddress, seen.remotePort], ["127.0.0.1", client.localAddr.port]);
        const bytes = latin1(`${sent}\0`),
          head = new RequestHead({ maxHeadSize: 8_192, maxRequestLine: 8_192, maxFields: 50 });
        assert(head.scan(bytes, 0, bytes.length - 1));
        const ours = varsFor({
          method: head.method(bytes),
          target: head.target(bytes),
          path,
          prefix: "",
          host: head.host(bytes),
          protocol: `HTTP/1.${head.minor}`,
          scheme: "http",
          remoteAddress: "127.0.0.1",
          remotePort: client.localAddr.port,
          serverPort: port,
          contentLength: head.contentLength === 0 ? null : head.contentLength,
          fields: fieldLines(head.fields, bytes, HOP_BY_HOP),
        });
        if (head.host(bytes) === "") ours.set("SERVER_NAME", "a.example");
        assertEquals(comparable(ours), comparable(taken.packet.vars));
      });
    }
  },
});
