/**
 * The connection on which Node's response writes what it would send over a wire. What is written is taken apart again: a head, and what
 * follows as the body, so that everything between (`writeHead()`, `flushHeaders()`, back-pressure, whatever middleware does to a
 * response) is Node's own.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";

/** The head of a response. */
export interface NodeHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Who is told what is written. */
export interface NodeReader {
  head(head: NodeHead): void;
  /** `taken` is called when there is room for more. */
  piece(bytes: Uint8Array<ArrayBuffer>, taken: () => void): void;
}

/** Which end of the connection the client is on. */
export interface NodePeer {
  /** Its address; undefined where nobody knows it. */
  readonly address: string | undefined;
  readonly port: number | undefined;
  /** Whether it speaks TLS with whoever is in front. */
  readonly encrypted: boolean;
}

const BLANK_LINE = "\r\n\r\n";
const NOTHING = new Uint8Array();

/** See the module. */
export class NodeSocket extends Duplex {
  readonly encrypted: boolean;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly #reader: NodeReader;
  /** Whether the final head is still to come. */
  #inHead = true;

  constructor(peer: NodePeer, reader: NodeReader) {
    super({ autoDestroy: false, decodeStrings: false });
    this.encrypted = peer.encrypted;
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
    this.#reader = reader;
  }

  get remoteFamily(): string | undefined {
    return this.remoteAddress === undefined ? undefined : this.remoteAddress.includes(":") ? "IPv6" : "IPv4";
  }

  // What Node's sockets have beyond streams has nothing to work on here.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  address(): Record<string, never> {
    return {};
  }
  /** As when all has been written that was to be. */
  destroySoon(): void {
    this.destroy();
  }

  override _read(): void {} // the request's body does not come this way

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding | "buffer", done: () => void): void {
    const body = this.#inHead ? this.#readHead(chunk, encoding) : bytesOf(chunk, encoding);
    if (body.length === 0) return done();
    this.#reader.piece(body, done);
  }

  /** Gives what belongs to the body. */
  #readHead(chunk: string | Uint8Array, encoding: BufferEncoding | "buffer"): Uint8Array<ArrayBuffer> {
    let text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1");
    for (;;) {
      // Node writes a head in one piece, and it may be that what follows is in the same.
      const end = text.indexOf(BLANK_LINE);
      if (end === -1) return NOTHING;
      const head = parseHead(text.slice(0, end));
      text = text.slice(end + BLANK_LINE.length);
      if (head.status < 200 && head.status !== 101) continue; // an interim one, which cannot be passed on
      this.#inHead = false;
      this.#reader.head(head);
      return bytesOf(text, typeof chunk === "string" ? encoding : "latin1");
    }
  }
}

/** A copy: who writes may use the same memory again. */
function bytesOf(chunk: string | Uint8Array, encoding: BufferEncoding | "buffer"): Uint8Array<ArrayBuffer> {
  if (typeof chunk !== "string") return new Uint8Array(chunk);
  return chunk === "" ? NOTHING : new Uint8Array(Buffer.from(chunk, encoding === "buffer" ? "utf8" : encoding));
}

/** Takes a head apart that Node has made. */
function parseHead(text: string): NodeHead {
  const [first = "", ...lines] = text.split("\r\n");
  const [, status = "", reason = ""] = /^HTTP\/1\.1 (\d+) ?(.*)$/s.exec(first) ?? [];
  const fields = lines.map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)] as const;
  });
  return { status: Number(status), reason, fields };
}
