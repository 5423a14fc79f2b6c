/**
 * Sends parts of an open file with bounded memory: one buffer for all connections, and a small one for each that waits for its
 * client.
 *
 * Reading is synchronous, as nginx's is: what is in the page cache costs a copy, where Deno's asynchronous read costs 20 to
 * 70 µs of thread switching for each piece. The bytes are copied rather than handed over by sendfile(2), which sends what the
 * file holds when the network is ready, not when it was looked at: a file that is rewritten meanwhile would go out mixed. The
 * two copies are a third of what a large file costs.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import type { FileBody, OpenFile } from "./answer.ts";
import { BODY, BufferPool } from "./buffers.ts";
import type { ClientConnection } from "./connection.ts";
import type { Exchange } from "./exchange.ts";

/** What was promised of a file cannot be sent: it is another one now, or the disk fails. */
export class BrokenFile extends Error {
  override readonly name = "BrokenFile";
}

/** Large, because every piece costs two system calls. Nobody holds it while he waits. */
const PIECE = 262_144;
let shared: Uint8Array<ArrayBuffer> | undefined;
/** What a connection holds while it waits for its client to read. */
const WAITING = new BufferPool(16_384, 32);
/** Pieces that a fast client may take before others get their turn. */
const BURST = 16;

/**
 * Sends `head` and then `body`, and counts the bytes in `exchange`. The caller closes the file. Throws `ClientGone`, and {@linkcode BrokenFile}
 * when the file has become shorter or was changed since it was opened: before its last bytes, so that a mixture is never taken
 * for the file.
 */
export async function sendFile(exchange: Exchange, head: Uint8Array<ArrayBuffer>, body: FileBody): Promise<void> {
  const { connection } = exchange, source = new Source(head, body);
  try {
    // Where nothing can be written at once, nothing ever can: the client's pace is limited, or its descriptor is not known.
    const direct = sendNow(connection, source) > 0;
    for (let pieces = 1; !source.done; pieces++) {
      exchange.bytesSent = source.bodyBytes;
      if (direct && sendNow(connection, source) === PIECE) {
        if (pieces % BURST === 0) await turn();
      } else if (!source.done) {
        await sendWaiting(connection, source, direct ? WAITING : BODY);
      }
    }
    exchange.bytesSent = source.bodyBytes;
  } catch (thrown) {
    // Whatever went wrong, the promised length can no longer be kept: only closing tells the client.
    exchange.closeAfter();
    connection.cut();
    connection.close();
    throw thrown;
  }
}

/** Sends what the kernel takes at once of a piece; how much. */
function sendNow(connection: ClientConnection, source: Source): number {
  shared ??= new Uint8Array(PIECE);
  const n = source.fill(shared), sent = connection.writeNow(shared, 0, n);
  source.giveBack(n - sent);
  return sent;
}

/** Sends a little, as soon as the client takes it. */
async function sendWaiting(connection: ClientConnection, source: Source, pool: BufferPool): Promise<void> {
  const buffer = pool.take();
  try {
    await connection.write(buffer, 0, source.fill(buffer));
  } finally {
    pool.give(buffer);
  }
}

/** Lets other work go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The bytes of a head and a body, in order. */
class Source {
  readonly #file: OpenFile;
  readonly #pieces: FileBody["pieces"];
  readonly #headLength: number;
  #piece = 0;
  /** Bytes of the current piece that were given. */
  #within = 0;
  /** Bytes that were given, and all that there are, with the head. */
  #given = 0;
  readonly #length: number;

  constructor(head: Uint8Array<ArrayBuffer>, { file, pieces, length }: FileBody) {
    this.#file = file;
    this.#pieces = [head, ...pieces];
    this.#headLength = head.length;
    this.#length = head.length + length;
  }

  /** Whether everything was given. */
  get done(): boolean {
    return this.#given === this.#length;
  }

  /** Bytes of the body that were given. */
  get bodyBytes(): number {
    return Math.max(0, this.#given - this.#headLength);
  }

  /** Fills `buffer` as far as there is something; how much. */
  fill(buffer: Uint8Array<ArrayBuffer>): number {
    let at = 0;
    while (at < buffer.length && !this.done) {
      const n = this.#next(buffer, at);
      at += n;
      this.#given += n;
    }
    if (this.done && this.#file.changed()) throw new BrokenFile("a file was changed while it was sent");
    return at;
  }

  /** The last `n` bytes that were given are to be given again. */
  giveBack(n: number): void {
    this.#given -= n;
    while (n > this.#within) {
      n -= this.#within;
      this.#within = this.#pieces[--this.#piece].length;
    }
    this.#within -= n;
  }

  /** Puts some bytes of the current piece into `buffer` at `at`. */
  #next(buffer: Uint8Array<ArrayBuffer>, at: number): number {
    const piece = this.#pieces[this.#piece];
    const n = Math.min(piece.length - this.#within, buffer.length - at);
    let got = n;
    if (piece instanceof Uint8Array) buffer.set(piece.subarray(this.#within, this.#within + n), at);
    else if (n > 0) got = this.#read(piece.start + this.#within, buffer.subarray(at, at + n));
    this.#within += got;
    if (this.#within === piece.length) {
      this.#piece++;
      this.#within = 0;
    }
    return got;
  }

  #read(position: number, into: Uint8Array<ArrayBuffer>): number {
    let n: number;
    try {
      n = this.#file.read(position, into);
    } catch (cause) {
      throw new BrokenFile(`a file could not be read to its end: ${messageOf(cause)}`, { cause });
    }
    if (n === 0) throw new BrokenFile("a file became shorter while it was sent");
    return n;
  }
}
