/**
 * A response that is read ahead of its client: what the client does not take at once is kept, so that the server is done with
 * it. The first 256 KiB are kept in memory, more in a file; a client that keeps up costs neither.
 *
 * @module
 */
import { BODY } from "../http1/buffers.ts";
import type { Exchange } from "../http1/exchange.ts";
import { messageOf } from "../errors.ts";
import { logWarn } from "../observe/log.ts";
import { BufferFile } from "./buffer_file.ts";

/** Kept in memory, bytes; what the kernel holds for the client comes on top. */
export const READ_AHEAD_MEMORY = 262_144;

/** Where a response is written to. */
export interface Sink {
  /** Writes bytes[start, end), which are free for other use when it resolves. Throws `ClientGone`. */
  write(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<void>;
}

/** What one client has still to take of its response. */
export class ReadAhead implements Sink {
  readonly #exchange: Exchange;
  readonly #maxMemory: number;
  /** Bytes; once the file has had so many, it is emptied before it takes more. */
  readonly #maxFile: number;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #inMemory = 0;
  #file: BufferFile | null = null;
  /** What is in the file, and not read from it yet, lies between these; it is younger than what is in memory. */
  #fileStart = 0;
  #fileEnd = 0;
  /** Whether a file can be had. */
  #hasDisk = true;
  #unsent = 0;
  #sending: Promise<void> | null = null;
  #failure: { readonly thrown: unknown } | null = null;
  #onProgress: (() => void) | null = null;
  #closed = false;

  /** `limit`: bytes that are kept at most. */
  constructor(exchange: Exchange, limit: number) {
    this.#exchange = exchange;
    this.#maxMemory = Math.min(limit, READ_AHEAD_MEMORY);
    this.#maxFile = limit - this.#maxMemory;
  }

  /** Sends bytes[start, end) or keeps them; waits for the client only when as much is kept as may be. */
  async write(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<void> {
    if (this.#sending === null) {
      start += this.#exchange.connection.writeNow(bytes, start, end);
      if (start === end) return;
    }
    this.#unsent += end - start;
    // A piece larger than all that may be kept is kept in parts.
    for (let at = start; at < end;) {
      const stop = Math.min(end, at + this.#maxMemory);
      await this.#keep(bytes.subarray(at, stop));
      at = stop;
      if (this.#sending === null && this.#keepsSome) this.#sending = this.#send();
    }
  }

  get #keepsSome(): boolean {
    return this.#pieces.length > 0 || this.#fileStart < this.#fileEnd;
  }

  /** Whether the client has not taken everything yet, and perhaps never will. */
  get pending(): boolean {
    return this.#sending !== null || this.#failure !== null;
  }

  /** Waits until the client has taken all of it. Throws `ClientGone` and `BufferError`. */
  async sent(): Promise<void> {
    await this.#sending;
    if (this.#failure !== null) throw this.#failure.thrown;
  }

  /** Nothing is sent any more, and what is kept is thrown away. */
  close(): void {
    if (this.#sending !== null) {
      this.#discount();
      // A write may be pending, which would outlive the connection.
      this.#exchange.connection.cut();
    }
    this.#closed = true;
    this.#file?.close();
    this.#file = null;
  }

  async #keep(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.thrown;
      const fileIsEmpty = this.#fileStart === this.#fileEnd;
      if (fileIsEmpty && this.#inMemory + piece.length <= this.#maxMemory) {
        this.#pieces.push(piece.slice());
        this.#inMemory += piece.length;
        return;
      }
      if (fileIsEmpty) this.#fileStart = this.#fileEnd = 0;
      if (this.#hasDisk && this.#fileEnd + piece.length <= this.#maxFile) {
        if (await this.#keepInFile(piece)) return;
        continue;
      }
      await new Promise<void>((resolve) => this.#onProgress = resolve);
    }
  }

  /** False when the disk has no room: then the server has to wait for its client. */
  async #keepInFile(piece: Uint8Array): Promise<boolean> {
    try {
      this.#file ??= await BufferFile.create();
      await this.#file.write(piece, this.#fileEnd);
      this.#fileEnd += piece.length;
      return true;
    } catch (thrown) {
      this.#hasDisk = false;
      logWarn(`A response is not read ahead of its client: ${messageOf(thrown)}`);
      return false;
    }
  }

  async #send(): Promise<void> {
    const { connection } = this.#exchange;
    const buffer = BODY.take();
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          await connection.write(piece, 0, piece.length);
          this.#inMemory -= piece.length;
          this.#unsent -= piece.length;
        } else if (this.#file !== null && this.#fileStart < this.#fileEnd) {
          const n = await this.#file.read(buffer.subarray(0, this.#fileEnd - this.#fileStart), this.#fileStart);
          this.#fileStart += n;
          await connection.write(buffer, 0, n);
          this.#unsent -= n;
        } else break;
        this.#progress();
      }
    } catch (thrown) {
      this.#failure = { thrown };
      if (!this.#closed) this.#discount();
    } finally {
      BODY.give(buffer);
      this.#sending = null;
      this.#progress();
    }
  }

  /** The log has what was sent. Once closed, the exchange is another request's. */
  #discount(): void {
    this.#exchange.bytesSent = Math.max(0, this.#exchange.bytesSent - this.#unsent);
  }

  #progress(): void {
    this.#onProgress?.();
    this.#onProgress = null;
  }
}
