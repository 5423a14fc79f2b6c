/**
 * The request that a health check sends, in the protocol of the server that it asks.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { HealthCheckOptions } from "../config/group_options.ts";
import type { UpstreamTarget } from "../config/options.ts";
import { latin1 } from "../http1/bytes.ts";
import { encodePacket } from "../uwsgi/packet.ts";
import { varsFor } from "../uwsgi/vars_for.ts";

/** The bytes that ask `target` whether it is well. Throws `UwsgiError` for a path that is not sent over uwsgi. */
export function checkRequest(
  target: UpstreamTarget,
  { path, host }: Pick<HealthCheckOptions, "path" | "host">,
): Uint8Array<ArrayBuffer> {
  const authority = host ?? ownName(target);
  if (target.protocol !== "uwsgi") {
    return latin1(`GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: stackd\r\nConnection: close\r\n\r\n`);
  }
  return encodePacket(varsFor({
    method: "GET",
    target: path,
    path: path.split("?", 1)[0],
    prefix: "",
    host: authority,
    protocol: "HTTP/1.1",
    scheme: "http",
    // Applications take it apart as an address.
    remoteAddress: "127.0.0.1",
    remotePort: null,
    serverPort: null,
    contentLength: null,
    fields: [["User-Agent", "stackd"]],
  }));
}

function ownName(target: UpstreamTarget): string {
  if (target.transport === "unix") return "localhost";
  const { hostname, port } = target;
  return formatAddress({ transport: "tcp", hostname, port });
}
