/**
 * A request that switches protocols: WebSocket, or anything else that both sides agree on.
 *
 * @module
 */
import type { Exchange } from "../http1/exchange.ts";
import { FIELD } from "../http1/fields.ts";
import type { Upgraded } from "../http1/service.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { UpstreamError } from "../upstream/error.ts";
import { putInterim } from "./heads.ts";
import { splice } from "./splice.ts";

/** Passes a 101 on and joins the two connections until one of them ends (RFC 9110 §7.8). */
export async function serveUpgrade(
  exchange: Exchange,
  upstream: UpstreamConnection,
  idleTimeout: number,
  out: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const { connection } = exchange;
  const protocol = upstream.head.fields.value(upstream.bytes, FIELD.UPGRADE);
  if (protocol === null) throw new UpstreamError("invalid", "switched protocols without naming one");
  exchange.status = 101;
  exchange.started = true;
  exchange.closeAfter();
  connection.workingFor = null;
  await connection.write(out, 0, putInterim(upstream, protocol, out));
  const { deadlines, upgraded } = connection.service;
  let told: Upgraded | null = null;
  try {
    await splice(connection.detach(), upstream.detach(), {
      deadlines,
      idleTimeout,
      onSent: (n) => exchange.bytesSent += n,
      webSocket: protocol.toLowerCase() === "websocket",
      onFarewell: (farewell) => upgraded.add(told = { authority: upstream.authority, farewell }),
    });
  } finally {
    if (told !== null) upgraded.delete(told);
  }
}
