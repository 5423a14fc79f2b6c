/**
 * An upgraded connection (RFC 9110 §7.8): bytes go both ways as they come until one side ends or both are idle too long.
 *
 * @module
 */
import { BODY } from "../http1/buffers.ts";
import type { Deadlines, Expiring } from "../http1/deadlines.ts";
import type { Wire } from "../http1/wire.ts";

/** One side of a splice. */
interface Side {
  readonly wire: Wire;
  /** Bytes that were read from it before. */
  readonly buffered: Uint8Array;
  /** A read that was under way; null for none. */
  readonly pending?: Promise<Uint8Array | null> | null;
}

/** Joins two connections until both directions have ended; closes them. `idleTimeout` in ms, 0 for none; `onSent` hears what the client was sent. */
export async function splice(
  client: Side,
  upstream: Side,
  deadlines: Deadlines,
  idleTimeout: number,
  onSent: (bytes: number) => void,
): Promise<void> {
  const watch: Expiring & { deadline: number } = {
    deadline: deadlines.after(idleTimeout),
    expire() {
      watch.deadline = Infinity;
      client.wire.sever();
      upstream.wire.sever();
    },
  };
  deadlines.add(watch);
  const pump = async (from: Side, to: Side, count: (n: number) => void) => {
    const buffer = BODY.take();
    try {
      const pass = async (bytes: Uint8Array) => {
        for (let at = 0; at < bytes.length;) at += await to.wire.write(bytes.subarray(at));
        count(bytes.length);
        watch.deadline = deadlines.after(idleTimeout);
      };
      await pass(from.buffered);
      const early = await from.pending;
      if (early instanceof Uint8Array) await pass(early);
      if (early !== null || from.pending === null) {
        for (let n = await from.wire.read(buffer); n > 0; n = await from.wire.read(buffer)) {
          await pass(buffer.subarray(0, n));
        }
      }
      await to.wire.closeWrite();
    } catch {
      // One side is gone: what the other still sends has no reader.
      client.wire.close();
      upstream.wire.close();
    } finally {
      BODY.give(buffer);
    }
  };
  await Promise.all([
    pump(client, upstream, () => {}),
    pump(upstream, client, onSent),
  ]);
  deadlines.delete(watch);
  client.wire.close();
  upstream.wire.close();
}
