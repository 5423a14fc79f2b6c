/** Packets, written as bytes: for requests of any kind the same as the encoder of strings makes. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { plainRoute } from "../../lib/config/route_options.ts";
import { type Client, putForwarding } from "../../lib/front/forwarded.ts";
import { putFields } from "../../lib/front/heads.ts";
import { putPacket } from "../../lib/front/put_packet.ts";
import { compileShaping, type Shaping } from "../../lib/front/shaping.ts";
import { originForm } from "../../lib/front/template.ts";
import { putText, text } from "../../lib/http1/bytes.ts";
import type { Exchange } from "../../lib/http1/exchange.ts";
import { FIELD, mask } from "../../lib/http1/fields.ts";
import { Reject } from "../../lib/http1/reject.ts";
import { UwsgiError } from "../../lib/uwsgi/error.ts";
import { decodePacket, encodePacket, HEADER_SIZE, MAX_BLOCK_SIZE } from "../../lib/uwsgi/packet.ts";
import { varsFor } from "../../lib/uwsgi/vars_for.ts";
import { Random } from "../http1/fuzz/random.ts";
import { clientOf, exchangeOf } from "../support/exchange_of.ts";
import { fromLatin1, latin1 } from "../support/raw_http.ts";
import { edits } from "../support/routes.ts";

/** What is known of a request beside its head. */
interface Where {
  /** The address of the client's socket; null: a unix one. */
  readonly socket: string | null;
  /** Who the client is. */
  readonly clientAddress: string | null;
  readonly client: Client | null;
  readonly shaping: Shaping | null;
  readonly kept: number;
}

/** What a packet is made of. */
interface Request extends Pick<Where, "client" | "shaping" | "kept"> {
  readonly exchange: Exchange;
}

const PLAIN: Where = { socket: "192.0.2.1", clientAddress: "192.0.2.1", client: null, shaping: null, kept: -1 };

function requestOf(head: string, where: Partial<Where> = {}): Request {
  const { socket, clientAddress, client, shaping, kept } = { ...PLAIN, ...where };
  const exchange = exchangeOf(head, { peer: clientAddress });
  const address = (hostname: string | null, port: number) =>
    hostname === null ? { transport: "unix", path: "/p.sock" } : { transport: "tcp", hostname, port };
  const wire = { localAddr: address(socket, 8_080), remoteAddr: address(socket, 50_000) };
  const fake = {
    ...exchange,
    body: { complete: true },
    connection: { peer: clientAddress, wire },
    putRequestId: (out: Uint8Array, at: number) => putText("X-Request-Id: id-1", out, at),
  };
  return { exchange: fake as unknown as Exchange, client, shaping, kept };
}

const GET = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
const out = new Uint8Array(200_000);

function written({ exchange, client, shaping, kept }: Request): Uint8Array {
  return out.slice(0, putPacket(exchange, client, shaping, kept, out));
}

/** The packet by the encoder of strings. */
function encoded({ exchange, client, shaping, kept }: Request): Uint8Array {
  const { head, clientAddress, connection: { wire: { localAddr, remoteAddr } } } = exchange;
  let end = putForwarding(exchange, client, out, putFields(exchange, out, 0));
  if (shaping !== null && shaping.request !== null) end = shaping.request.apply(exchange, client, out, 0, end);
  const fields = text(out, 0, end).split("\r\n").slice(0, -1).map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
  });
  const length = kept >= 0 ? kept : head.contentLength;
  const target = originForm(exchange);
  const isPeers = remoteAddr.transport === "tcp" && remoteAddr.hostname.replace(/^::ffff:/, "") === clientAddress;
  return encodePacket(varsFor({
    method: exchange.method,
    target,
    path: exchange.normalPath ?? target.split("?", 1)[0],
    prefix: shaping?.stripped ?? "",
    host: fields.findLast(([name]) => name.toLowerCase() === "host")?.[1] ?? "",
    protocol: `HTTP/1.${head.minor}`,
    scheme: client?.scheme ?? "http",
    remoteAddress: clientAddress,
    remotePort: isPeers && remoteAddr.transport === "tcp" ? remoteAddr.port : null,
    serverPort: client === null && localAddr.transport === "tcp" ? localAddr.port : null,
    contentLength: length > 0 || head.chunked || head.fields.has(mask(FIELD.CONTENT_LENGTH)) ? length : null,
    fields,
  }));
}

/** Names that are special somewhere, and some that are not; their case and their length vary. */
const NAMES = [
  "Accept",
  "cookie",
  "Cookie",
  "COOKIE",
  "cooKies",
  "Content-Type",
  "content-type",
  "Content-Typo",
  "CONTENT_TYPE",
  "Expect-CT",
  "TE",
  "Upgrade",
  "Trailers",
  "Keep-Alive",
  "Keep-Alivf",
  "Proxy",
  "Proxz",
  "proxy-connection",
  "Transfer-Encodinh",
  "X-Forwarded-For",
  "X-Forwarded-Port",
  "X-Real-IP",
  "X_Under",
  "x-a",
  "X-A",
  "X-B.c",
  "!#$%&'*+.^`|~",
  "X--",
  // These two have the same hash.
  "X-A~",
  "X-B-",
  "-",
  "x-named",
];
const VALUES = [
  "",
  " ",
  "1",
  "a b",
  " \t a\t ",
  "\xe9",
  "v".repeat(47),
  "v".repeat(48),
  "v".repeat(49),
  "a, b",
  "x=1; y=2",
];
const PATHS = [
  "/",
  "/app",
  "/app/",
  "/app/a/b.c",
  "/app/%C3%A9%20",
  "/app/x/../y",
  "/app//z",
  "/app/%252e",
  "/app/a%2Fb",
  "/app/a%00",
  "/app/a%2F..",
  "/..app",
  "*",
];
const QUERIES = ["", "?", "?a=%2F&b", "?x?y", `?${"q".repeat(90)}`];
const HOSTS = ["a.example", "a.example:81", "a.example:", "[::1]", "[::1]:81", "127.0.0.1", "a:0"];

const shapingOf = (stripPrefix: boolean, fields: Parameters<typeof edits>[0]) =>
  compileShaping({ ...plainRoute("/app", NOWHERE), stripPrefix, requestFields: edits(fields) }, 16_384);
const NOWHERE = { kind: "respond", status: 200, contentType: "", body: "" } as const;
const SHAPINGS: readonly (Shaping | null)[] = [
  null,
  shapingOf(true, {}),
  shapingOf(false, { set: [["Host", "b.example:82"], ["X-A", "set"]], add: [["x-b.c", "$request_uri"]] }),
  shapingOf(true, { remove: ["host", "cookie"], add: [["Content-Type", "text/x"], ["Content-Length", "9"]] }),
  shapingOf(false, { add: [["Host", "[::1"], ["X_A", "1"], ["Connection", "x"], ["Cookie", "c=$host"]] }),
  shapingOf(false, { set: [["Host", "a:b:c"]] }),
  shapingOf(false, { set: [["Host", " [::2]:5 "]] }),
  shapingOf(false, { set: [["Host", ":81"]] }),
];
const CLIENTS: readonly (Client | null)[] = [
  null,
  clientOf({ address: "203.0.113.7", chain: "203.0.113.7, 192.0.2.1", scheme: "https", host: "c.example" }),
  clientOf({ address: "::1", chain: "::1" }),
];

function randomRequest(random: Random): Request {
  const path = random.of(PATHS), isApp = /^\/app(?:\/|$)/.test(path);
  const method = path === "*" ? "OPTIONS" : random.of(["GET", "POST", "M-SEARCH"]);
  const absolute = path !== "*" && random.once(8) ? `http://${random.of(HOSTS)}` : "";
  const minor = random.once(4) ? 0 : 1;
  const lines = Array.from({ length: random.below(12) }, () => `${random.of(NAMES)}:${random.of(VALUES)}`);
  if (minor === 1 || random.once(2)) lines.splice(random.below(lines.length + 1), 0, `hOst: ${random.of(HOSTS)}`);
  const framing = random.of(["", "", "Content-Length: 0", "content-length:  0012 ", "Transfer-Encoding: chunked"]);
  const isChunked = framing.startsWith("T") && minor === 1;
  if (framing !== "" && (isChunked || !framing.startsWith("T"))) lines.push(framing);
  if (random.once(4)) lines.push("Connection: X-Named, close");
  const target = `${absolute}${path}${path === "*" ? "" : random.of(QUERIES)}`;
  const client = random.of(CLIENTS), socket = random.of(["192.0.2.1", "::ffff:192.0.2.1", null]);
  const peer = random.of([socket === null ? null : "192.0.2.1", "198.51.100.9"]);
  return requestOf(`${method} ${target} HTTP/1.${minor}\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`, {
    client,
    socket,
    clientAddress: client === null ? peer : client.address,
    shaping: random.of(isApp ? SHAPINGS : SHAPINGS.filter((shaping) => !shaping?.stripped)),
    kept: isChunked || random.once(8) ? random.of([0, 1, 70_000]) : -1,
  });
}

Deno.test("a length of 0 that the client has said is told, as nginx does", () => {
  for (const [field, told] of [["Content-Length: 0\r\n", "0"], ["", ""]]) {
    const head = `POST / HTTP/1.1\r\nHost: a.example\r\n${field}\r\n`, bytes = written(requestOf(head));
    const packet = decodePacket(bytes, 0, bytes.length);
    assert(packet !== "incomplete");
    assertEquals(packet.vars.get("CONTENT_LENGTH"), told);
  }
});

Deno.test("a packet is the one that the encoder of strings makes of the request, byte for byte", () => {
  let refused = 0, joined = 0;
  for (let seed = 0; seed < 20_000; seed++) {
    const request = randomRequest(new Random(seed));
    let expected = "";
    try {
      expected = fromLatin1(encoded(request));
    } catch (thrown) {
      assert(thrown instanceof UwsgiError, `seed ${seed}: ${thrown}`);
      const reject = assertThrows(() => written(request), Reject, thrown.message, `seed ${seed}`);
      assertEquals(reject.status, thrown.status);
      refused++;
      continue;
    }
    const packet = fromLatin1(written(request));
    if (packet !== expected) assertEquals(varsIn(packet), varsIn(expected), `seed ${seed}`);
    assert(packet === expected, `seed ${seed}: another order, or sizes that lie`);
    if (packet.includes("; ") || packet.includes(", 1")) joined++;
  }
  assert(refused > 500 && joined > 2_000, `${refused} were refused, ${joined} had fields of several lines`);
});

/** Variables as a text that shows where two packets differ. */
function varsIn(packet: string): unknown {
  return decodePacket(latin1(packet), 0, packet.length);
}

Deno.test("a packet is full at 64 KiB, and what is no variable of its own takes no room in it", () => {
  const adding = (...lines: [name: string, value: string][]) => shapingOf(false, { add: lines });
  const least = encoded(requestOf(GET)).length;
  const left = HEADER_SIZE + MAX_BLOCK_SIZE - least - (4 + "HTTP_X_A".length);
  const cases: [name: string, lines: [name: string, value: string][], fits: boolean][] = [
    ["full", [["X-A", "a".repeat(left)]], true],
    ["a byte more", [["X-A", "a".repeat(left + 1)]], false],
    ["far more", [["X-A", "a".repeat(120_000)]], false],
    ["a name that is far too long", [["X".repeat(70_000), "a"]], false],
    ["full, and lines that are dropped", [["X-A", "a".repeat(left)], ["Upgrade", "u".repeat(90)], ["X_A", "1"]], true],
    ["full by its second line", [["X-A", "a".repeat(left - 4)], ["x-a", "bb"]], true],
    ["a byte more by its second line", [["X-A", "a".repeat(left - 4)], ["x-a", "bbb"]], false],
    ["full by Content-Type", [["X-A", "a".repeat(left - 9)], ["Content-Type", "text/html"]], true],
    ["a byte more by Content-Type", [["X-A", "a".repeat(left - 8)], ["Content-Type", "text/html"]], false],
  ];
  for (const [name, lines, fits] of cases) {
    const request = requestOf(GET, { shaping: adding(...lines) });
    if (fits) assert(fromLatin1(written(request)) === fromLatin1(encoded(request)), name);
    else {
      assertThrows(() => encoded(request), UwsgiError, "", name);
      assertEquals(assertThrows(() => written(request), Reject, "fit in a packet", name).status, 431);
    }
    assert(fromLatin1(written(requestOf(GET))) === fromLatin1(encoded(requestOf(GET))), `the next one, ${name}`);
  }
  const reject = assertThrows(
    () => putPacket(requestOf(GET).exchange, null, null, -1, new Uint8Array(least - 1)),
    Reject,
  );
  assertEquals(reject.status, 431);
});
