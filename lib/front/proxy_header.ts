/**
 * The PROXY protocol's header in front of a connection: who the client of a load balancer is.
 *
 * @module
 */
import { Reject } from "../http1/reject.ts";
import { parseProxyHeader } from "../http1/proxy_protocol.ts";
import type { Wire } from "../http1/wire.ts";
import type { Opening } from "./opening.ts";

/** Longer than any header that is taken. */
const ROOM = 8_192;

/**
 * Reads the header of a connection that has just been accepted; null when the client leaves or takes longer than `timeout` ms.
 * Throws `Reject` for what is no header.
 */
export async function readProxyHeader(wire: Wire, timeout: number): Promise<Opening | null> {
  const bytes = new Uint8Array(ROOM);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    wire.close();
  }, timeout);
  try {
    for (let end = 0;;) {
      const n = await wire.read(bytes.subarray(end));
      if (n === 0) return null;
      end += n;
      const header = parseProxyHeader(bytes, 0, end);
      if (header === "incomplete") continue;
      return { client: header.source?.address, first: bytes.slice(header.length, end), told: null };
    }
  } catch (thrown) {
    if (late || !(thrown instanceof Reject)) return null;
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}
