/**
 * A request's body as payload, whatever frames it: read piece by piece into the caller's buffer, never collected.
 *
 * @module
 */
import { latin1 } from "./bytes.ts";
import { ChunkDecoder } from "./chunked.ts";
import type { ClientConnection } from "./connection.ts";
import type { RequestHead } from "./request_head.ts";
import { Reject } from "./reject.ts";

const CONTINUE = latin1("HTTP/1.1 100 Continue\r\n\r\n");

/** The body of the request in progress. Reused. */
export class RequestBody {
  #connection: ClientConnection;
  readonly #decoder = new ChunkDecoder();
  #chunked = false;
  /** Payload bytes to come, when the length is known. */
  #left = 0;
  #received = 0;
  #limit = Infinity;
  #expectsContinue = false;

  constructor(connection: ClientConnection) {
    this.#connection = connection;
  }

  /** Ready for the body that `head` announces. */
  begin(connection: ClientConnection, head: RequestHead): void {
    this.#connection = connection;
    this.#chunked = head.chunked;
    this.#left = head.chunked ? 0 : head.contentLength;
    this.#received = 0;
    this.#limit = Infinity;
    this.#expectsContinue = head.expectsContinue;
    if (head.chunked) this.#decoder.reset();
  }

  /** Limits the payload to `bytes` (0: unlimited). Throws `Reject` 413 at once when the length is known and larger. */
  limit(bytes: number): void {
    this.#limit = bytes === 0 ? Infinity : bytes;
    if (this.#left > this.#limit) throw this.#tooLarge();
  }

  /** Whether all of it has been read; true at once when there is none. */
  get complete(): boolean {
    return this.#chunked ? this.#decoder.done : this.#left === 0;
  }

  /** Whether everything that is left has been received and waits in the connection's buffer. */
  get buffered(): boolean {
    return !this.#chunked && this.#connection.inbox.length >= this.#left;
  }

  /** The client will get a final answer instead of `100 Continue`. */
  withholdContinue(): void {
    this.#expectsContinue = false;
  }

  /**
   * Reads payload into bytes[at, end); returns how much, 0 at the body's end. Sends `100 Continue` first when the client
   * waits for it. Throws `Reject` (400, 413) and `ClientGone`.
   */
  async read(bytes: Uint8Array<ArrayBuffer>, at: number, end: number): Promise<number> {
    while (!this.complete) {
      const max = this.#chunked ? end - at : Math.min(end - at, this.#left);
      let n = this.#connection.inbox.take(bytes, at, max);
      const taken = n > 0;
      if (!taken) {
        if (this.#expectsContinue) {
          this.#expectsContinue = false;
          await this.#connection.write(CONTINUE, 0, CONTINUE.length);
        }
        n = await this.#connection.readBody(bytes.subarray(at, at + max));
      }
      this.#expectsContinue = false;
      const payload = this.#chunked ? this.#decode(bytes, at, n, taken) : n;
      if (!this.#chunked) this.#left -= n;
      this.#received += payload;
      if (this.#received > this.#limit) throw this.#tooLarge();
      if (payload > 0) return payload;
    }
    return 0;
  }

  #decode(bytes: Uint8Array, at: number, n: number, taken: boolean): number {
    const payload = this.#decoder.decode(bytes, at, at + n) - at;
    const { consumed } = this.#decoder;
    if (consumed < at + n) {
      if (taken) this.#connection.inbox.start -= at + n - consumed;
      else this.#connection.inbox.putBack(bytes.subarray(consumed, at + n));
    }
    return payload;
  }

  /** Takes all of the body when it has been received whole and fits into out[at, end); returns its length, else 0. */
  takeAll(out: Uint8Array, at: number, end: number): number {
    if (this.#chunked || !this.buffered || end - at < this.#left) return 0;
    const n = this.#connection.inbox.take(out, at, this.#left);
    this.#left = 0;
    this.#expectsContinue = false;
    this.#connection.watch();
    return n;
  }

  /** Throws away what is left if it has been received already; false when reading on would mean waiting. */
  discardBuffered(): boolean {
    if (this.complete) return true;
    if (!this.buffered) return false;
    this.#connection.inbox.start += this.#left;
    this.#left = 0;
    return true;
  }

  #tooLarge(): Reject {
    return new Reject(413, `a body of more than ${this.#limit} bytes`);
  }
}
