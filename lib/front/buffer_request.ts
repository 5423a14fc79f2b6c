/**
 * Requests' bodies that are received whole before a server is asked, so that a slow client does not hold one of its few
 * processes, and a body without a length gets one. The first 64 KiB are kept in memory, more in a file.
 *
 * @module
 */
import { BODY } from "../http1/buffers.ts";
import type { Exchange } from "../http1/exchange.ts";
import { BufferFile } from "./buffer_file.ts";

/** Which bodies are received whole first. */
export type Collected = "none" | "chunked" | "all";

/** Where a body is uploaded from. */
export interface BodySource {
  /** Whether all of it has been read. */
  readonly complete: boolean;
  /** Reads payload into bytes[at, end); how much, which is 0 at its end only. */
  read(bytes: Uint8Array, at: number, end: number): Promise<number>;
}

/** A body that has been received. */
export interface KeptBody {
  /** Bytes. */
  readonly length: number;
  /** Puts all of it into out[at, …); false, and nothing is there, when it does not fit. */
  put(out: Uint8Array, at: number): boolean;
  /** The body from its beginning; for each attempt a reader of its own, because an earlier one may still be at it. */
  reader(): BodySource;
  /** Gives memory and file back. */
  close(): void;
}

/**
 * Receives the body of `exchange` when it is to be collected and is not at hand yet; null: it goes on as it comes. Throws
 * `Reject` (400, 413), `ClientGone` and `BufferError`.
 */
export function collect(exchange: Exchange, collected: Collected): Promise<KeptBody> | null {
  const { body, head } = exchange;
  if (collected === "none" || body.complete || body.buffered) return null;
  return head.chunked || collected === "all" ? receive(exchange) : null;
}

async function receive({ body, connection }: Exchange): Promise<KeptBody> {
  const memory = BODY.take();
  const kept = new Kept(memory);
  let buffer: Uint8Array<ArrayBuffer> | null = null;
  try {
    while (!body.complete && kept.length < memory.length) {
      kept.length += await body.read(memory, kept.length, memory.length);
    }
    if (!body.complete) {
      kept.file = await BufferFile.create();
      buffer = BODY.take();
    }
    while (!body.complete && kept.file !== null && buffer !== null) {
      const n = await body.read(buffer, 0, buffer.length);
      await kept.file.write(buffer.subarray(0, n), kept.length - memory.length);
      kept.length += n;
    }
    connection.watch();
    return kept;
  } catch (thrown) {
    kept.close();
    throw thrown;
  } finally {
    if (buffer !== null) BODY.give(buffer);
  }
}

class Kept implements KeptBody {
  length = 0;
  file: BufferFile | null = null;
  readonly #memory: Uint8Array<ArrayBuffer>;
  #closed = false;

  constructor(memory: Uint8Array<ArrayBuffer>) {
    this.#memory = memory;
  }

  put(out: Uint8Array, at: number): boolean {
    // A piece in a file is a large body's.
    if (this.file !== null || out.length - at < this.length) return false;
    out.set(this.#memory.subarray(0, this.length), at);
    return true;
  }

  reader(): BodySource {
    let position = 0;
    const { length, file } = this, memory = this.#memory;
    return {
      get complete() {
        return position === length;
      },
      read: async (bytes, at, end) => {
        if (this.#closed) throw new TypeError("the body is not kept any more");
        const room = Math.min(end - at, length - position);
        let n = Math.min(room, Math.max(0, memory.length - position));
        if (n > 0) bytes.set(memory.subarray(position, position + n), at);
        else if (file !== null) n = await file.read(bytes.subarray(at, at + room), position - memory.length);
        position += n;
        return n;
      },
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    BODY.give(this.#memory);
    this.file?.close();
  }
}
