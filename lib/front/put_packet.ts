/**
 * A client's request as a uwsgi server gets it: one packet of variables, as nginx's uwsgi_params have them.
 *
 * @module
 */
import { text } from "../http1/bytes.ts";
import type { Exchange } from "../http1/exchange.ts";
import { unmapped } from "../http1/libc.ts";
import { Reject } from "../http1/reject.ts";
import { UwsgiError } from "../uwsgi/error.ts";
import type { FieldLine } from "../uwsgi/fields.ts";
import { encodePacket } from "../uwsgi/packet.ts";
import { varsFor } from "../uwsgi/vars_for.ts";
import { type Client, putForwarding } from "./forwarded.ts";
import { putFields } from "./heads.ts";
import type { Shaping } from "./shaping.ts";
import { originForm } from "./template.ts";

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
  const { head, body } = exchange;
  // The lines that an HTTP server would get: what a route changes in them is changed alike.
  let end = putForwarding(exchange, client, out, putFields(exchange, out, 0));
  if (shaping !== null && shaping.request !== null) end = shaping.request.apply(exchange, client, out, 0, end);
  const fields = linesOf(text(out, 0, end));
  const length = kept >= 0 ? kept : head.contentLength;
  const packet = encode(exchange, client, shaping === null ? null : shaping.stripped, fields, length);
  // Its target stands in it twice, as a Host may in a head: there is room, unless a route adds a great deal.
  if (packet.length > out.length) throw new Reject(431, `variables of ${packet.length} bytes`);
  out.set(packet);
  const at = packet.length;
  return body.complete ? at : at + body.takeAll(out, at, out.length - 1);
}

function encode(
  exchange: Exchange,
  client: Client | null,
  prefix: string | null,
  fields: readonly FieldLine[],
  length: number,
): Uint8Array {
  const target = originForm(exchange);
  const conn = exchange.connection.wire.conn, { localAddr } = conn;
  try {
    return encodePacket(varsFor({
      method: exchange.method,
      target,
      path: exchange.normalPath ?? target.split("?", 1)[0],
      prefix: prefix ?? "",
      host: fields.findLast(([name]) => name.length === 4 && name.toLowerCase() === "host")?.[1] ?? "",
      protocol: exchange.head.minor === 0 ? "HTTP/1.0" : "HTTP/1.1",
      scheme: client?.scheme ?? "http",
      remoteAddress: exchange.clientAddress,
      remotePort: portOf(conn.remoteAddr, exchange.clientAddress),
      // What a trusted proxy took the request at is not known here: the host's port says more than ours.
      serverPort: client === null && localAddr.transport === "tcp" ? localAddr.port : null,
      contentLength: length > 0 || exchange.head.chunked ? length : null,
      fields,
    }));
  } catch (thrown) {
    throw thrown instanceof UwsgiError ? new Reject(thrown.status, thrown.message) : thrown;
  }
}

/** The port of the client's own connection; null when `client` is known by what somebody else says. */
function portOf(address: Deno.Addr, client: string | null): number | null {
  return address.transport === "tcp" && unmapped(address.hostname) === client ? address.port : null;
}

function linesOf(section: string): FieldLine[] {
  return section.split("\r\n").slice(0, -1).map((line) => {
    const colon = line.indexOf(":");
    let start = colon + 1, end = line.length;
    while (start < end && isBlank(line.charCodeAt(start))) start++;
    while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
    return [line.slice(0, colon), line.slice(start, end)];
  });
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
