/**
 * An upgraded connection (RFC 9110 §7.8): bytes go both ways as they come until one side ends or both are idle too long.
 *
 * @module
 */
import { BODY } from "../http1/buffers.ts";
import type { Deadlines, Expiring } from "../http1/deadlines.ts";
import type { Wire } from "../http1/wire.ts";
import { Farewell } from "./farewell.ts";

/** One side of a splice. */
interface Side {
  readonly wire: Wire;
  /** Bytes that were read from it before. */
  readonly buffered: Uint8Array<ArrayBuffer>;
  /** A read that was under way; null for none. */
  readonly pending?: Promise<Uint8Array<ArrayBuffer> | null> | null;
}

/** What is to be known of a splice beside its sides. */
export interface SpliceOptions {
  readonly deadlines: Deadlines;
  /** ms, 0 for none. */
  readonly idleTimeout: number;
  /** Hears what the client was sent. */
  readonly onSent: (bytes: number) => void;
  /** Whether it is a WebSocket, whose client is told when its server goes. */
  readonly webSocket: boolean;
  /** Gets what tells the client; called once, at first. */
  readonly onFarewell: (farewell: () => void) => void;
}

/** Joins two connections until both directions have ended; closes them. */
export async function splice(client: Side, upstream: Side, options: SpliceOptions): Promise<void> {
  const { deadlines, idleTimeout, onSent, webSocket, onFarewell } = options;
  const watch: Expiring & { deadline: number } = {
    deadline: deadlines.after(idleTimeout),
    postpone(ms) {
      watch.deadline += ms;
    },
    expire() {
      watch.deadline = Infinity;
      client.wire.sever();
      upstream.wire.sever();
    },
  };
  deadlines.add(watch);
  const writeTo = ({ wire }: Side, count: (n: number) => void) => async (bytes: Uint8Array<ArrayBuffer>) => {
    for (let at = 0; at < bytes.length;) at += await wire.write(bytes.subarray(at));
    count(bytes.length);
    watch.deadline = deadlines.after(idleTimeout);
  };
  const pump = async (from: Side, to: Side, pass: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) => {
    const buffer = BODY.take();
    try {
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
  const toClient = writeTo(client, onSent), farewell = webSocket ? new Farewell(toClient) : null;
  if (farewell !== null) onFarewell(() => farewell.want());
  await Promise.all([
    pump(client, upstream, writeTo(upstream, () => {})),
    pump(upstream, client, farewell === null ? toClient : (bytes) => farewell.pass(bytes)),
  ]);
  deadlines.delete(watch);
  client.wire.close();
  upstream.wire.close();
}
