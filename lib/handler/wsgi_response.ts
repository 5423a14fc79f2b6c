/**
 * What a WSGI application answers (PEP 3333), as a `Response`: the head that `startResponse` was given, and the pieces of the
 * body, taken one by one as the client takes them.
 *
 * @module
 */
import type { Info, Piece, Pieces, StartResponse } from "./contract.ts";
import { HOP_BY_HOP } from "./connection_fields.ts";
import { DenoResponse } from "./deno_response.ts";
import { joined } from "../pieces.ts";
import { measured } from "./measured.ts";

/** What `startResponse` was told. */
export class ResponseHead {
  /** What was written ahead of the result's pieces. */
  readonly written: Uint8Array[] = [];
  #status = 0;
  #reason = "";
  #headers: Headers | null = null;
  #sent = false;

  readonly startResponse: StartResponse = (status, headers, error) => {
    const given = error !== undefined && error !== null;
    if (given && this.#sent) throw error;
    if (!given && this.#headers !== null) throw new Error("startResponse() was called twice");
    const [, code, reason = ""] = /^([2-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(status) ?? [];
    if (code === undefined) throw new Error(`startResponse() was called with the status ${JSON.stringify(status)}`);
    if (!Array.isArray(headers)) {
      throw new TypeError(`startResponse() was called with ${Deno.inspect(headers)} instead of a list of fields`);
    }
    this.#headers = new Headers(headers.map(([name, value]): [string, string] => [name, value]));
    this.written.length = 0; // it was written for the answer that is replaced
    this.#status = Number(code);
    this.#reason = reason;
    return (piece) => {
      const bytes = toBytes(piece);
      if (bytes.length > 0) this.written.push(bytes);
    };
  };

  /** Whether the answer has no body, whatever the application gives. */
  get bodiless(): boolean {
    return this.#status === 204 || this.#status === 205 || this.#status === 304;
  }

  /** The Content-Length that the application has said; null for none. Throws for one that is none. */
  get length(): number | null {
    const length = this.#headers?.get("content-length") ?? null;
    if (length !== null && !/^\d{1,15}$/.test(length)) {
      throw new Error(`The application's Content-Length is ${JSON.stringify(length)}`);
    }
    return length === null ? null : Number(length);
  }

  /** Throws when there is none, for the first piece may not come before it. */
  check(): void {
    if (this.#headers === null) throw new Error("The application never called startResponse() before its first piece");
  }

  /** The response with `body`; from now on the head is sent. `length`: the body's, where it is known. */
  respond(body: BodyInit | null, length: number | null): Response {
    this.#sent = true;
    const headers = this.#headers ?? new Headers();
    // They belong to a connection, which is not the application's (PEP 3333, "Other HTTP Features").
    for (const name of HOP_BY_HOP) headers.delete(name);
    if (length !== null && !this.bodiless && !headers.has("content-length")) {
      headers.set("content-length", String(length));
    }
    return new DenoResponse(this.bodiless ? null : body, { status: this.#status, statusText: this.#reason, headers });
  }
}

/** Reads an application's result: up to its first piece before there is a response, the rest as it is sent. */
export class PieceReader {
  readonly #head: ResponseHead;
  readonly #result: Piece | Pieces;
  readonly #iterator: Iterator<Piece> | AsyncIterator<Piece>;
  readonly #onClose: (failed: unknown) => void;
  /** Bytes that may still come by the application's Content-Length; null without one. */
  #left: number | null = null;
  #exhausted = false;
  #closed = false;

  /** `onClose` is called once, when nothing more is asked of the application, with what its `close()` threw, if it did. */
  constructor(result: Piece | Pieces, head: ResponseHead, onClose: (failed: unknown) => void) {
    this.#head = head;
    this.#result = result;
    this.#onClose = onClose;
    this.#iterator = iterate(result);
  }

  /** The response, as soon as its head is known. Throws the reason of `info.signal` when nobody waits for it any more. */
  async respond(isHead: boolean, info: Pick<Info, "signal">): Promise<Response> {
    try {
      // A list is all there; its length can be told.
      const whole = isPiece(this.#result) || Array.isArray(this.#result);
      const first = await (isLater(this.#result) ? unlessAborted(info.signal, this.#read(whole)) : this.#read(whole));
      this.#head.check();
      this.#left = this.#head.length;
      const length = lengthOf(first);
      if (isHead || this.#head.bodiless) {
        // Here an application may leave the body out: then its length says nothing.
        const said = whole && length > 0 ? length : null;
        // Null would come to a length of 0, which the body that is left out does not have.
        const body = said === null && this.#left === null ? new Blob([]).stream() : null;
        const response = this.#head.respond(body, said);
        await this.#close();
        return response;
      }
      this.#count(length);
      if (!whole && first.length > 0) {
        const stream = this.#stream(first);
        return this.#head.respond(this.#left === null ? stream : measured(stream), null);
      }
      this.#countEnd();
      const response = this.#head.respond(joined(first), length);
      await this.#close();
      return response;
    } catch (thrown) {
      await this.#close();
      throw thrown;
    }
  }

  /** The pieces up to the first one that is not empty, or all of them; what was written first, before one is waited for. */
  async #read(all: boolean): Promise<Uint8Array[]> {
    const { written } = this.#head, pieces: Uint8Array[] = [];
    if (!all && written.length > 0) return written.splice(0);
    for (;;) {
      const step = await this.#iterator.next();
      if (step.done) {
        this.#exhausted = true;
        break;
      }
      const bytes = toBytes(step.value);
      if (bytes.length > 0) pieces.push(bytes);
      if (!all && pieces.length > 0) break;
    }
    return [...written.splice(0), ...pieces];
  }

  #stream(first: Uint8Array[]): ReadableStream<Uint8Array> {
    const waiting = first;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          if (waiting.length === 0) {
            waiting.push(...await this.#read(false));
            this.#count(lengthOf(waiting));
          }
          const piece = waiting.shift();
          if (piece !== undefined) return controller.enqueue(piece);
          this.#countEnd();
          await this.#close();
          controller.close();
        } catch (thrown) {
          await this.#close();
          throw thrown;
        }
      },
      cancel: () => this.#close(),
    }, { highWaterMark: 0 });
  }

  /** Neither more nor fewer bytes may come than the application has said (PEP 3333, "Handling the Content-Length Header"). */
  #count(length: number): void {
    if (this.#left === null) return;
    this.#left -= length;
    if (this.#left < 0) throw new Error("The application gave more bytes than its Content-Length says");
  }

  #countEnd(): void {
    if (this.#left !== null && this.#left > 0) {
      throw new Error(`The application gave ${this.#left} bytes less than its Content-Length says`);
    }
  }

  /** Ends the result, once: its `close()`, and what a generator still has to do in its `finally`. */
  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    let failed: unknown = null;
    try {
      const close: unknown = Reflect.get(Object(this.#result), "close");
      if (typeof close === "function") await close.call(this.#result);
    } catch (thrown) {
      failed = thrown;
    }
    try {
      // Not waited for: a generator that waits for ever would be.
      if (!this.#exhausted) Promise.resolve(this.#iterator.return?.()).catch(this.#onClose);
    } catch (thrown) {
      failed ??= thrown;
    }
    this.#onClose(failed);
  }
}

/** What `promise` gives. It may never, and what is said at the end of a request has to be said all the same. */
async function unlessAborted<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

function isPiece(value: unknown): value is Piece {
  return typeof value === "string" || value instanceof Uint8Array;
}

/** Whether its pieces may have to be waited for. */
function isLater(result: unknown): boolean {
  return typeof Reflect.get(Object(result), Symbol.asyncIterator) === "function";
}

function iterate(result: unknown): Iterator<Piece> | AsyncIterator<Piece> {
  // A string is one piece, not one for each of its characters; so are bytes.
  if (isPiece(result)) return [result].values();
  const make: unknown = Reflect.get(Object(result), Symbol.asyncIterator) ??
    Reflect.get(Object(result), Symbol.iterator);
  if (typeof make === "function") return make.call(result);
  throw new TypeError(`The application returned ${Deno.inspect(result)} instead of an iterable of strings or bytes`);
}

function toBytes(piece: unknown): Uint8Array {
  if (typeof piece === "string") return new TextEncoder().encode(piece);
  if (piece instanceof Uint8Array) return piece;
  throw new TypeError(`The application gave ${Deno.inspect(piece)} as a piece instead of a string or bytes`);
}
