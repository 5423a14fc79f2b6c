/**
 * A client that sends exactly the bytes it is given, in the pieces it is given them, and reads responses with a parser of
 * its own: what it says of stackd is not said by stackd's code.
 *
 * @module
 */
import type { ListenAddress } from "../../lib/config/options.ts";

/** How long anything that must happen may take, ms: generous, because only a failure waits for it. */
export const PATIENCE = 10_000;

/** Text as bytes, each character (U+0000 to U+00FF) one byte. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Bytes as text, each byte one character; not TextDecoder's "latin1", which is windows-1252. */
export function fromLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return text;
}

/** One field line. */
export type RawField = readonly [name: string, value: string];

/** A response as it came. */
export interface RawResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly RawField[];
  /** The payload, each byte one character. */
  readonly body: string;
  readonly framing: "none" | "length" | "chunked" | "close";
  /** Statuses of the interim responses before it. */
  readonly interim: readonly number[];
}

/** The value of field `name` (lower case), several joined by a comma; null when absent. */
export function fieldOf(message: { readonly fields: readonly RawField[] }, name: string): string | null {
  const values = message.fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? null : values.join(", ");
}

/** What {@linkcode RawClient.response} must know of the request, and how long it may take. */
export interface ResponseOptions {
  /** The request was HEAD. @default {false} */
  readonly toHead?: boolean;
  /** ms. @default {PATIENCE} */
  readonly timeout?: number;
}

/** One connection. */
export class RawClient implements Disposable {
  readonly conn: Deno.Conn;
  #bytes = new Uint8Array(65_536);
  #length = 0;
  #end: "eof" | "reset" | null = null;
  #pending: Promise<void> | null = null;
  #closed = false;

  private constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  static async connect(address: ListenAddress): Promise<RawClient> {
    if (address.transport === "unix") return new RawClient(await Deno.connect({ ...address }));
    const conn = await Deno.connect({ hostname: address.hostname, port: address.port });
    conn.setNoDelay(true);
    return new RawClient(conn);
  }

  /** Sends all of `data`. Rejects when the other side has closed. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? latin1(data) : data;
    for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
  }

  /** Sends `data` in pieces that end at `cuts`, each most likely read by itself. Stops without a word when the other side closes. */
  async sendPieces(data: string, cuts: readonly number[]): Promise<void> {
    let from = 0;
    try {
      for (const cut of [...cuts, data.length]) {
        if (cut > from) await this.send(data.slice(from, cut));
        from = cut;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    } catch { /* the response tells */ }
  }

  /** Says that nothing more will be sent. */
  async halfClose(): Promise<void> {
    await this.conn.closeWrite();
  }

  /** What has been received and not been taken, as text. */
  get received(): string {
    return fromLatin1(this.#bytes.subarray(0, this.#length));
  }

  /** The next whole response. Rejects when the connection ends within it, or before. */
  async response(options: ResponseOptions = {}): Promise<RawResponse> {
    const { toHead = false, timeout = PATIENCE } = options;
    const until = performance.now() + timeout;
    for (const interim: number[] = [];;) {
      const head = await this.#head(until);
      if (head.status >= 200 || head.status === 101) {
        return { ...head, ...await this.#body(head, toHead, until), interim };
      }
      interim.push(head.status);
    }
  }

  /** The next head alone, interim or not, for what follows to be read piece by piece. */
  head(timeout: number = PATIENCE): Promise<Omit<RawResponse, "body" | "framing" | "interim">> {
    return this.#head(performance.now() + timeout);
  }

  /** Reads until `text` has come; takes and gives everything up to its end. */
  async through(text: string, timeout: number = PATIENCE): Promise<string> {
    const until = performance.now() + timeout;
    for (;;) {
      const at = this.received.indexOf(text);
      if (at !== -1) return this.#take(at + text.length);
      if (!await this.#more(until)) {
        throw new Error(`the connection ended (${this.#end}) before ${JSON.stringify(text)}`);
      }
    }
  }

  /** Reads to the end of the connection; rejects when it is still open after `timeout` ms. */
  async end(timeout: number = PATIENCE): Promise<{ readonly rest: string; readonly how: "eof" | "reset" }> {
    const until = performance.now() + timeout;
    while (await this.#more(until));
    return { rest: this.#take(this.#length), how: this.#end ?? "eof" };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #head(until: number): Promise<Omit<RawResponse, "body" | "framing" | "interim">> {
    for (;;) {
      const at = this.received.indexOf("\r\n\r\n");
      if (at !== -1) return parseHead(this.#take(at + 4));
      if (!await this.#more(until)) {
        throw new Error(
          `the connection ended (${this.#end}) before a head: ${JSON.stringify(this.received.slice(0, 200))}`,
        );
      }
    }
  }

  async #body(
    head: { readonly status: number; readonly fields: readonly RawField[] },
    toHead: boolean,
    until: number,
  ): Promise<Pick<RawResponse, "body" | "framing">> {
    const coding = fieldOf(head, "transfer-encoding"), length = fieldOf(head, "content-length");
    if (coding !== null && length !== null) {
      throw new Error("a response with both Content-Length and Transfer-Encoding");
    }
    if (toHead || head.status < 200 || head.status === 204 || head.status === 304) return { body: "", framing: "none" };
    if (coding !== null) {
      if (coding !== "chunked") throw new Error(`a response with the transfer coding "${coding}"`);
      return { body: await this.#chunked(until), framing: "chunked" };
    }
    if (length === null) return { body: (await this.end(until - performance.now())).rest, framing: "close" };
    if (!/^\d+$/.test(length)) throw new Error(`a response with the Content-Length "${length}"`);
    return { body: await this.#exactly(Number(length), until), framing: "length" };
  }

  async #chunked(until: number): Promise<string> {
    for (let body = "";;) {
      const line = await this.#line(until);
      if (!/^[0-9a-f]+$/.test(line)) throw new Error(`a chunk with the size ${JSON.stringify(line)}`);
      const size = parseInt(line, 16);
      if (size === 0) {
        const end = await this.#line(until);
        if (end !== "") throw new Error(`a trailer field: ${JSON.stringify(end)}`);
        return body;
      }
      body += await this.#exactly(size, until);
      if (await this.#line(until) !== "") throw new Error("a chunk that is longer than its size");
    }
  }

  async #line(until: number): Promise<string> {
    for (;;) {
      const at = this.#bytes.subarray(0, this.#length).indexOf(10);
      if (at !== -1) {
        const line = this.#take(at + 1);
        if (!line.endsWith("\r\n")) throw new Error(`a line without CRLF: ${JSON.stringify(line)}`);
        return line.slice(0, -2);
      }
      if (!await this.#more(until)) throw new Error(`the connection ended (${this.#end}) within a chunked body`);
    }
  }

  async #exactly(length: number, until: number): Promise<string> {
    while (this.#length < length) {
      if (await this.#more(until)) continue;
      throw new Error(`the connection ended (${this.#end}) after ${this.#length} of ${length} bytes`);
    }
    return this.#take(length);
  }

  #take(length: number): string {
    const text = fromLatin1(this.#bytes.subarray(0, length));
    this.#bytes.copyWithin(0, length, this.#length);
    this.#length -= length;
    return text;
  }

  /** Waits for more bytes; false at the end. Rejects at `until`; the read goes on and is found by the next call. */
  async #more(until: number): Promise<boolean> {
    if (this.#end !== null) return false;
    const before = this.#length;
    this.#pending ??= this.#read();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error("nothing came in time")),
      Math.max(0, until - performance.now()),
    );
    try {
      await Promise.race([this.#pending, late.promise]);
    } finally {
      clearTimeout(timer);
    }
    return this.#length > before;
  }

  async #read(): Promise<void> {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const room = new Uint8Array(this.#bytes.length - this.#length);
    let n: number | null = null;
    try {
      n = await this.conn.read(room);
      if (n === null) this.#end = "eof";
    } catch {
      this.#end = "reset";
    }
    this.#pending = null;
    if (n === null) return;
    this.#bytes.set(room.subarray(0, n), this.#length);
    this.#length += n;
  }
}

function parseHead(head: string): Omit<RawResponse, "body" | "framing" | "interim"> {
  const [statusLine, ...lines] = head.slice(0, -4).split("\r\n");
  const [, version = "", status = "", reason = ""] =
    /^(HTTP\/1\.1) ([1-5]\d\d) ([\t -~\x80-\xff]*)$/.exec(statusLine) ?? [];
  if (version === "") throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
  const fields = lines.map((line): RawField => {
    const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not a field line: ${JSON.stringify(line)}`);
    return [name, value];
  });
  return { version, status: Number(status), reason, fields };
}
