/**
 * Sends parts of an open file with bounded memory: the next piece is read while the last one is written.
 *
 * Reading is synchronous, as nginx's is: what is in the page cache costs a copy, where Deno's asynchronous read costs 20 to
 * 70 µs of thread switching for each piece. The bytes are copied rather than handed over by sendfile(2), which sends what the
 * file holds when the network is ready, not when it was looked at: a file that is rewritten meanwhile would go out mixed.
 *
 * @module
 */
import type { FileBody } from "./answer.ts";
import { BufferPool } from "./buffers.ts";
import { ClientGone } from "./connection.ts";
import type { Exchange } from "./exchange.ts";

/** Large, because every piece costs two system calls. */
const PIECE = new BufferPool(262_144, 16);
/** Pieces that a fast client may take before others get their turn. */
const BURST = 16;

/**
 * Sends `head` and then `body`, and counts the bytes in `exchange`. The caller closes the file. Throws `ClientGone`, also when
 * the file has become shorter or was changed since it was opened: before its last bytes, so that a mixture is never taken for
 * the file.
 */
export async function sendFile(exchange: Exchange, head: Uint8Array<ArrayBuffer>, body: FileBody): Promise<void> {
  const { connection } = exchange, source = new Source(head, body);
  let current = PIECE.take(), next = PIECE.take();
  try {
    let n = source.fill(current);
    for (let burst = 1;; burst++) {
      const sent = connection.writeNow(current, 0, n);
      if (sent === n) {
        exchange.bytesSent = source.bodyBytes;
        if (source.done) break;
        if (burst % BURST === 0) await turn();
        n = source.fill(current);
        continue;
      }
      const writing = connection.write(current, sent, n);
      let ahead = 0;
      const filledBefore = source.bodyBytes;
      try {
        if (!source.done) ahead = source.fill(next);
      } catch (thrown) {
        connection.close();
        await writing.catch(() => {});
        throw thrown;
      }
      await writing;
      exchange.bytesSent = filledBefore;
      if (ahead === 0) break;
      [current, next] = [next, current];
      n = ahead;
    }
  } catch (thrown) {
    // Whatever went wrong, the promised length can no longer be kept: only closing tells the client.
    exchange.closeAfter();
    connection.close();
    throw thrown;
  } finally {
    PIECE.give(current);
    PIECE.give(next);
  }
}

/** Lets other work go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The bytes of a head and a body, in order. */
class Source {
  readonly #pieces: FileBody["pieces"];
  readonly #file: Deno.FsFile;
  readonly #before: string;
  #head: Uint8Array | null;
  #piece = 0;
  /** Bytes of the current piece that were given. */
  #within = 0;
  /** Where the file will be read next. */
  #position = 0;
  #left: number;
  /** Body bytes that were given so far. */
  bodyBytes = 0;

  constructor(head: Uint8Array, { file, pieces, length }: FileBody) {
    this.#file = file;
    this.#pieces = pieces;
    this.#left = length;
    this.#head = head;
    this.#before = this.#state();
  }

  /** Whether everything was given. */
  get done(): boolean {
    return this.#left === 0;
  }

  /** Fills `buffer` as far as there is something; how much. */
  fill(buffer: Uint8Array): number {
    let at = 0;
    if (this.#head !== null) {
      buffer.set(this.#head);
      at = this.#head.length;
      this.#head = null;
    }
    while (at < buffer.length && this.#left > 0) {
      const n = this.#next(buffer, at);
      at += n;
      this.bodyBytes += n;
      this.#left -= n;
    }
    if (this.#left === 0 && this.#state() !== this.#before) {
      throw new ClientGone("the file was changed while it was sent");
    }
    return at;
  }

  /** Puts some bytes of the current piece into `buffer` at `at`. */
  #next(buffer: Uint8Array, at: number): number {
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

  #read(position: number, into: Uint8Array): number {
    if (position !== this.#position) this.#file.seekSync(position, Deno.SeekMode.Start);
    const n = this.#file.readSync(into);
    if (n === null) throw new ClientGone("the file became shorter while it was sent");
    this.#position = position + n;
    return n;
  }

  /** What changes with the file's content. */
  #state(): string {
    const { size, mtime } = this.#file.statSync();
    return `${size} ${mtime?.getTime()}`;
  }
}
