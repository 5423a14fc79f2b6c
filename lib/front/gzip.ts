/**
 * Compresses text from an upstream on its way to a client that takes gzip. Every piece that is read is flushed, so that a
 * stream stays one.
 *
 * @module
 */
import { constants, createGzip, type Gzip } from "node:zlib";
import { joined } from "../pieces.ts";

/** zlib's level 1 to 9; nginx's gzip_comp_level is 1, most others' default is 6. */
const LEVEL = 5;
/** One body's compression. */
export class Compressor {
  readonly #gzip: Gzip = createGzip({ level: LEVEL, flush: constants.Z_SYNC_FLUSH });
  #pieces: Uint8Array<ArrayBuffer>[] = [];

  constructor() {
    this.#gzip.on("data", (piece: Uint8Array<ArrayBuffer>) => this.#pieces.push(piece));
  }

  /** Compresses bytes[start, end); gives what is ready to be sent: all of it. */
  push(bytes: Uint8Array, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    // zlib reads it later, when the buffer may hold something else.
    const piece = bytes.slice(start, end);
    return new Promise((resolve, reject) => {
      this.#gzip.once("error", reject);
      this.#gzip.write(piece, () => {
        this.#gzip.off("error", reject);
        resolve(this.#take());
      });
    });
  }

  /** The end of the compressed body. */
  end(): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      this.#gzip.once("error", reject);
      this.#gzip.once("end", () => resolve(this.#take()));
      this.#gzip.end();
    });
  }

  /** Gives its memory back, whether it is done or not. */
  close(): void {
    this.#gzip.destroy();
  }

  #take(): Uint8Array<ArrayBuffer> {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces.length === 1 ? pieces[0] : joined(pieces);
  }
}
