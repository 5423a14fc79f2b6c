/**
 * A client's request as a uwsgi server gets it: one packet of variables, as nginx's uwsgi_params have them. Like an HTTP head it
 * is made of bytes that are copied; a string is made only of what is not in the head as it has to be sent.
 *
 * @module
 */
import { COLON, equalsIgnoringCase, isBlank, latin1, LF, text } from "../http1/bytes.ts";
import type { Exchange } from "../http1/exchange.ts";
import { FIELD, mask } from "../http1/fields.ts";
import { unmapped } from "../http1/libc.ts";
import { Reject } from "../http1/reject.ts";
import { UwsgiError } from "../uwsgi/error.ts";
import { PacketWriter } from "../uwsgi/packet_writer.ts";
import { decodePath } from "../uwsgi/target.ts";
import { serverOf } from "../uwsgi/vars_for.ts";
import { type Client, putForwarding } from "./forwarded.ts";
import { putFields } from "./heads.ts";
import type { Shaping } from "./shaping.ts";

const QUERY_STRING = latin1("QUERY_STRING"),
  REQUEST_METHOD = latin1("REQUEST_METHOD"),
  CONTENT_TYPE = latin1("CONTENT_TYPE"),
  CONTENT_LENGTH = latin1("CONTENT_LENGTH"),
  REQUEST_URI = latin1("REQUEST_URI"),
  SCRIPT_NAME = latin1("SCRIPT_NAME"),
  PATH_INFO = latin1("PATH_INFO"),
  SERVER_PROTOCOL = latin1("SERVER_PROTOCOL"),
  REQUEST_SCHEME = latin1("REQUEST_SCHEME"),
  REMOTE_ADDR = latin1("REMOTE_ADDR"),
  REMOTE_PORT = latin1("REMOTE_PORT"),
  SERVER_PORT = latin1("SERVER_PORT"),
  SERVER_NAME = latin1("SERVER_NAME"),
  HTTPS = latin1("HTTPS"),
  HTTP_HOST = latin1("HTTP_HOST");
const HOST = latin1("host"), LENGTH_FIELD = mask(FIELD.CONTENT_LENGTH);
const OPEN = 91; // what an IPv6 address begins with

/** For all packets: each is copied before another one is begun. */
const packet = new PacketWriter();

/**
 * Writes the request of `exchange` as a packet to `out`, as `putRequest` writes it for HTTP. Throws `Reject`: 400 for a path
 * that cannot be decoded, 431 for variables that do not fit.
 */
export function putPacket(
  exchange: Exchange,
  client: Client | null,
  shaping: Shaping | null,
  kept: number,
  out: Uint8Array,
): number {
  const { body } = exchange;
  // The lines that an HTTP server would get: what a route changes in them is changed alike.
  let end = putForwarding(exchange, client, out, putFields(exchange, out, 0));
  if (shaping !== null && shaping.request !== null) end = shaping.request.apply(exchange, client, out, 0, end);
  const length = writePacket(exchange, client, shaping, kept, out, end);
  // Its target stands in it twice, as a Host may in a head: there is room, unless a route adds a great deal.
  if (length > out.length) throw new Reject(431, `variables of ${length} bytes`);
  out.set(packet.bytes.subarray(0, length));
  return body.complete ? length : length + body.takeAll(out, length, out.length - 1);
}

/** Writes the packet of a request whose fields are the lines in lines[0, end); its length. */
function writePacket(
  exchange: Exchange,
  client: Client | null,
  shaping: Shaping | null,
  kept: number,
  lines: Uint8Array,
  end: number,
): number {
  const { head, bytes } = exchange, { chunked, absolute } = head;
  const length = kept >= 0 ? kept : head.contentLength;
  try {
    packet.begin();
    if (absolute === null) {
      packet.addBytes(QUERY_STRING, bytes, Math.min(head.pathEnd + 1, head.targetEnd), head.targetEnd);
    } else packet.addText(QUERY_STRING, absolute.target.slice(`${absolute.target}?`.indexOf("?") + 1));
    packet.addBytes(REQUEST_METHOD, bytes, head.methodStart, head.methodEnd);
    const contentType = packet.position;
    packet.addText(CONTENT_TYPE, "");
    packet.addText(CONTENT_LENGTH, length > 0 || chunked || head.fields.has(LENGTH_FIELD) ? String(length) : "");
    if (absolute === null) packet.addBytes(REQUEST_URI, bytes, head.targetStart, head.targetEnd);
    else packet.addText(REQUEST_URI, absolute.target);
    addPath(exchange, shaping === null || shaping.stripped === null ? "" : shaping.stripped);
    packet.addText(SERVER_PROTOCOL, head.minor === 0 ? "HTTP/1.0" : "HTTP/1.1");
    packet.addText(REQUEST_SCHEME, client === null ? "http" : client.scheme);
    packet.addText(REMOTE_ADDR, exchange.clientAddress ?? "unix:");
    packet.addText(REMOTE_PORT, remotePort(exchange));
    addHost(exchange, client, shaping, lines, end);
    packet.addFields(lines, 0, end, contentType);
    return packet.finish();
  } catch (thrown) {
    throw thrown instanceof UwsgiError ? new Reject(thrown.status, thrown.message) : thrown;
  }
}

/** The path that routes were matched with, decoded, in two parts: the prefix that its route takes off, and the rest. */
function addPath({ head, bytes, normalPath }: Exchange, prefix: string): void {
  if (!head.irregularPath) {
    // It has no escapes, so its prefix has none.
    packet.addText(SCRIPT_NAME, prefix);
    packet.addBytes(PATH_INFO, bytes, head.targetStart + prefix.length, head.pathEnd);
    return;
  }
  const scriptName = decodePath(prefix);
  packet.addText(SCRIPT_NAME, scriptName);
  packet.addText(PATH_INFO, decodePath(normalPath ?? head.target(bytes).split("?", 1)[0]).slice(scriptName.length));
}

/** The port of the client's own connection; empty when the client is known by what somebody else says. */
function remotePort({ connection, clientAddress }: Exchange): string {
  const { remoteAddr } = connection.wire;
  if (remoteAddr.transport !== "tcp") return "";
  const { hostname, port } = remoteAddr;
  return hostname === clientAddress || unmapped(hostname) === clientAddress ? String(port) : "";
}

/** What the request says of the server, by its Host. */
function addHost(
  exchange: Exchange,
  client: Client | null,
  shaping: Shaping | null,
  lines: Uint8Array,
  linesEnd: number,
): void {
  const { head, bytes, connection: { wire: { localAddr } } } = exchange;
  const scheme = client === null ? "http" : client.scheme;
  // What a trusted proxy took the request at is not known here: the host's port says more than ours.
  const port = client === null && localAddr.transport === "tcp" ? String(localAddr.port) : null;
  // A route's changes may name another host, in whatever form.
  const isClients = head.absolute === null && head.hostEnd > 0 && (shaping === null || shaping.request === null);
  const [from, start, end] = isClients ? [bytes, head.hostStart, head.hostEnd] : lastHost(lines, linesEnd);
  if (isClients && from[start] !== OPEN) {
    let colon = start;
    while (colon < end && from[colon] !== COLON) colon++;
    if (port === null && colon + 1 < end) packet.addBytes(SERVER_PORT, from, colon + 1, end);
    else packet.addText(SERVER_PORT, port ?? (scheme === "https" ? "443" : "80"));
    packet.addBytes(SERVER_NAME, from, start, colon);
  } else {
    const server = serverOf(text(from, start, end), scheme);
    packet.addText(SERVER_PORT, port ?? server.port);
    packet.addText(SERVER_NAME, server.name);
  }
  if (scheme === "https") packet.addText(HTTPS, "on");
  if (end > start) packet.addBytes(HTTP_HOST, from, start, end);
}

/** Where the value of the last Host in lines[0, end) stands; empty for none. */
function lastHost(lines: Uint8Array, end: number): [from: Uint8Array, start: number, end: number] {
  let valueStart = 0, valueEnd = 0;
  for (let line = 0; line < end;) {
    const colon = lines.indexOf(COLON, line), next = lines.indexOf(LF, colon) + 1;
    if (equalsIgnoringCase(lines, line, colon, HOST)) [valueStart, valueEnd] = trimmed(lines, colon + 1, next - 2);
    line = next;
  }
  return [lines, valueStart, valueEnd];
}

function trimmed(bytes: Uint8Array, start: number, end: number): [start: number, end: number] {
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  return [start, end];
}
