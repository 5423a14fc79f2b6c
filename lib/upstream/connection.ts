/**
 * One connection to an upstream server: writes requests, reads response heads and bodies. A read is always pending while it
 * is idle, so that a server that closes it is noticed before the next request is written, and costs nothing then.
 *
 * @module
 */
import type { Deadlines, Expiring } from "../http1/deadlines.ts";
import { Reject } from "../http1/reject.ts";
import type { Framing, ResponseHead } from "../http1/response_head.ts";
import type { Wire } from "../http1/wire.ts";
import { UpstreamError } from "./error.ts";
import { giveParts, HEAD_SIZE, type Parts, takeParts } from "./parts.ts";

/** An open connection, idle in a pool or busy with one request. */
export class UpstreamConnection implements Expiring {
  readonly head: ResponseHead;
  /** The server's own name in a URL, as `127.0.0.1:8000`; a unix socket's is its path. */
  readonly authority: string;
  deadline = Infinity;
  /** Whether a byte of the current response has been received. */
  responding = false;
  readonly #wire: Wire;
  readonly #deadlines: Deadlines;
  readonly #onIdleEnd: (connection: UpstreamConnection) => void;
  readonly #parts: Parts = takeParts();
  readonly #decoder = this.#parts.decoder;
  readonly #buffer = this.#parts.buffer;
  readonly #room = this.#parts.room;
  #start = 0;
  #end = 0;
  #pending: Promise<number> | null = null;
  #state: "idle" | "busy" | "closed" = "busy";
  #timedOut = false;
  #suspended = false;
  /** Payload bytes to come, for a body of known length. */
  #left = 0;
  #framing: Framing = "none";
  #hadBody = false;
  /** Whether a body that ends with the connection has been received to its end. */
  #ended = false;

  /** `onIdleEnd` is called when an idle connection must leave its pool. */
  constructor(
    wire: Wire,
    authority: string,
    deadlines: Deadlines,
    onIdleEnd: (connection: UpstreamConnection) => void,
  ) {
    this.head = this.#parts.head;
    this.#wire = wire;
    this.authority = authority;
    this.#deadlines = deadlines;
    this.#onIdleEnd = onIdleEnd;
    deadlines.add(this);
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  /** Takes it out of its idle state for a request. */
  begin(): void {
    this.#state = "busy";
    this.deadline = Infinity;
    this.responding = this.#suspended = false;
  }

  /** Into its idle state, for at most `idleTimeout` ms. Only after a complete response. */
  park(idleTimeout: number): void {
    this.#state = "idle";
    this.#start = this.#end = 0;
    this.deadline = this.#deadlines.after(idleTimeout);
    this.#pending = this.#wire.read(this.#room);
    this.#pending.then(this.#onIdleRead, this.#onIdleRead);
  }

  /** Its end, an error, or bytes nobody asked for: no request may be sent on it. */
  readonly #onIdleRead = () => {
    if (this.#state === "idle") this.close();
  };

  /** {@inheritDoc Expiring.postpone} */
  postpone(ms: number): void {
    this.deadline += ms;
  }

  /** {@inheritDoc Expiring.expire} */
  expire(): void {
    if (this.#state === "idle") return this.close();
    this.#timedOut = true;
    // A write may be pending, which closing alone does not end.
    this.#wire.sever();
    this.close();
  }

  /** Writes bytes[start, end) within `timeout` ms of no progress. Throws {@linkcode UpstreamError}. */
  async write(bytes: Uint8Array<ArrayBuffer>, start: number, end: number, timeout: number): Promise<void> {
    try {
      for (let at = start + this.#wire.writeNow(bytes, start, end); at < end;) {
        this.deadline = this.#deadlines.after(timeout);
        at += await this.#wire.write(bytes.subarray(at, end));
      }
    } catch (thrown) {
      throw this.failure(thrown);
    }
  }

  /** Writes what the kernel takes of bytes[0, end) at once; how much. {@linkcode write} does the rest. */
  writeNow(bytes: Uint8Array<ArrayBuffer>, end: number): number {
    return this.#wire.writeNow(bytes, 0, end);
  }

  /** No deadline while the client, not the server, is being waited for; {@linkcode read} sets none either. */
  suspendDeadline(): void {
    this.deadline = Infinity;
    this.#suspended = true;
  }

  /** The server is being waited for again, for `timeout` ms. */
  resumeDeadline(timeout: number): void {
    this.deadline = this.#deadlines.after(timeout);
    this.#suspended = false;
  }

  /** Starts reading more of a head, or goes on with the read that was started when it was idle. */
  read(timeout: number): Promise<number> {
    if (!this.#suspended) this.deadline = this.#deadlines.after(timeout);
    if (this.#pending !== null) return this.#pending;
    if (this.#start > 0) {
      // An interim head has been passed on: the next one gets all the room.
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === HEAD_SIZE) throw new UpstreamError("invalid", `sent a head of more than ${HEAD_SIZE} bytes`);
    return this.#wire.read(this.#end === 0 ? this.#room : this.#room.subarray(this.#end));
  }

  /** What {@linkcode read} gave. Throws {@linkcode UpstreamError} for the connection's end. */
  received(n: number): void {
    this.#pending = null;
    // From here on the client may be waited for.
    this.deadline = Infinity;
    if (n === 0) throw this.#closed("closed the connection without a whole response head");
    this.#end += n;
    this.responding = true;
  }

  /** Scans the next response head into {@linkcode head}; false when more is needed. Throws {@linkcode UpstreamError}. */
  scanHead(): boolean {
    if (this.#end === this.#start) return false;
    try {
      if (!this.head.scan(this.#buffer, this.#start, this.#end)) return false;
    } catch (thrown) {
      throw new UpstreamError("invalid", `sent a bad response: ${(thrown as Error).message}`);
    }
    this.#start = this.head.end;
    return true;
  }

  /** What was thrown while this connection was used, as one of ours; errors that are no system's stay as they are. */
  failure(thrown: unknown): unknown {
    if (this.#timedOut) return new UpstreamError("timeout", "did not answer in time");
    if (thrown instanceof UpstreamError || thrown instanceof Reject || thrown instanceof TypeError) return thrown;
    return new UpstreamError("closed", "reset the connection");
  }

  #closed(what: string): UpstreamError {
    return this.#timedOut ? new UpstreamError("timeout", "did not answer in time") : new UpstreamError("closed", what);
  }

  /** The bytes that the head's offsets point into. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer;
  }

  /** Prepares for the body that the current head announces. `hadBody`: the request, of which some may have been left unread. */
  beginBody(framing: Framing, hadBody = false): void {
    this.#framing = framing;
    this.#hadBody = hadBody;
    this.#left = framing === "length" ? this.head.contentLength : 0;
    if (framing === "chunked") this.#decoder.reset();
  }

  /** Whether the whole body has been read. */
  get complete(): boolean {
    switch (this.#framing) {
      case "none":
        return true;
      case "length":
        return this.#left === 0;
      case "chunked":
        return this.#decoder.done;
      default:
        return this.#ended && this.#start === this.#end;
    }
  }

  /** Whether everything that is left of a body of known length has been received. */
  get hasAll(): boolean {
    return this.#framing === "none" || (this.#framing === "length" && this.#end - this.#start >= this.#left);
  }

  /**
   * Takes what is there of a body that ends with the connection, without waiting, and its end: a small answer then goes to its
   * client in one piece. Throws {@linkcode UpstreamError}.
   */
  readNow(): void {
    while (this.#framing === "close" && !this.#ended && this.#end < HEAD_SIZE) {
      let n: number;
      try {
        n = this.#wire.readNow(this.#room.subarray(this.#end));
      } catch (thrown) {
        n = this.#afterFailedRead(thrown);
      }
      if (n < 0) return;
      this.#end += n;
      if (n > 0) continue;
      this.#ended = true;
      this.head.keepAlive = false;
    }
  }

  /**
   * What a failed read of a body comes to. A server that leaves a request's body unread resets the connection: on a unix socket
   * behind all it has written, so that is the end (0) of what ends with the connection. On TCP, which may lose some, it is a failure.
   */
  #afterFailedRead(thrown: unknown): number {
    const isUnread = this.#hadBody && this.#framing === "close" && this.#wire.localAddr.transport === "unix";
    if (isUnread && thrown instanceof Deno.errors.ConnectionReset) return 0;
    const failure = this.#closed("reset the connection within its response");
    failure.mayBeUnread = this.#hadBody && thrown instanceof Deno.errors.ConnectionReset;
    throw failure;
  }

  /** Whether another request may be sent: the response is complete, nothing is behind it, and the server agrees. */
  get reusable(): boolean {
    return this.#state === "busy" && this.complete && this.head.keepAlive && this.#start === this.#end;
  }

  /** Body bytes that came with the head, decoded and moved to out[at, …); returns how much. `out` has room for all. */
  takeBuffered(out: Uint8Array, at: number): number {
    let length = this.#end - this.#start;
    if (this.#framing === "none" || length === 0) return 0;
    if (this.#framing === "length") length = Math.min(length, this.#left);
    out.set(this.#buffer.subarray(this.#start, this.#start + length), at);
    this.#start += length;
    return this.#account(out, at, length);
  }

  /** Reads body payload into bytes[at, end); 0 at its end. Throws {@linkcode UpstreamError}. */
  async readBody(bytes: Uint8Array<ArrayBuffer>, at: number, end: number, timeout: number): Promise<number> {
    while (!this.complete) {
      const view = bytes.subarray(at, this.#framing === "length" ? Math.min(end, at + this.#left) : end);
      this.deadline = this.#deadlines.after(timeout);
      let n: number;
      try {
        n = await this.#wire.read(view);
      } catch (thrown) {
        n = this.#afterFailedRead(thrown);
      }
      this.deadline = Infinity;
      if (n === 0) {
        if (this.#framing === "close") {
          this.#framing = "none";
          this.head.keepAlive = false;
          return 0;
        }
        throw this.#closed("closed the connection within its response");
      }
      const payload = this.#account(bytes, at, n);
      if (payload > 0) return payload;
    }
    return 0;
  }

  #account(bytes: Uint8Array, at: number, n: number): number {
    if (this.#framing === "length") this.#left -= n;
    if (this.#framing !== "chunked") return n;
    try {
      const payload = this.#decoder.decode(bytes, at, at + n) - at;
      // What is behind the last chunk answers nothing that was asked: the connection is not used again.
      if (this.#decoder.consumed < at + n) this.head.keepAlive = false;
      return payload;
    } catch (thrown) {
      throw new UpstreamError("invalid", `sent a bad response: ${(thrown as Error).message}`);
    }
  }

  /** What an upgraded connection still has buffered, and the connection itself, for splicing. Gives it out of our hands. */
  detach(): { readonly wire: Wire; readonly buffered: Uint8Array<ArrayBuffer> } {
    this.#deadlines.delete(this);
    return { wire: this.#wire, buffered: this.#buffer.slice(this.#start, this.#end) };
  }

  /** Closes the connection, which leaves its pool; pending reads end. */
  close(): void {
    if (this.#state === "closed") return;
    if (this.#state === "idle") this.#onIdleEnd(this);
    this.#state = "closed";
    this.#deadlines.delete(this);
    this.#wire.close();
    // A read may still be pending on the buffer: only one that nothing can write to any more goes back.
    if (this.#pending === null) giveParts(this.#parts);
  }
}
