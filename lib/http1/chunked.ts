/**
 * The chunked coding (RFC 9112 §7.1), decoded in place: payload is moved together where it was read, so that what was read
 * at once goes out at once, in one chunk. Strict: CRLF only, sizes of at most 13 hex digits, extensions of at most 256 bytes
 * a line and 16 KiB in all, trailers validated, dropped, and of at most 8 KiB.
 *
 * @module
 */
import { CR, HEX, LF, TOKEN, VALUE } from "./bytes.ts";
import { bad } from "./reject.ts";

/** Bytes of one chunk's extensions: nothing uses them, and reading them for ever is CVE-2023-39326. */
const MAX_EXTENSION = 256;
/** Bytes of all extensions in one body. */
const MAX_EXTENSIONS = 16_384;
/** Bytes of a trailer section. */
const MAX_TRAILERS = 8_192;
const MAX_SIZE_DIGITS = 13;

const SIZE = 0, EXTENSION = 1, SIZE_LF = 2, DATA = 3, DATA_CR = 4, DATA_LF = 5, TRAILER_START = 6, TRAILER = 7;
const TRAILER_LF = 8, END_LF = 9, DONE = 10;

/** Decodes one chunked body, across any split into reads. Reused by {@linkcode ChunkDecoder.reset}. */
export class ChunkDecoder {
  #state = SIZE;
  #digits = 0;
  /** Size being read, or bytes of the chunk still to come. */
  #left = 0;
  #extension = 0;
  #extensions = 0;
  #trailers = 0;
  #colon = false;

  /** Ready for another body. */
  reset(): void {
    this.#state = SIZE;
    this.#digits =
      this.#left =
      this.#extension =
      this.#extensions =
      this.#trailers =
        0;
  }

  /** Whether the last chunk and the trailer section have been read. */
  get done(): boolean {
    return this.#state === DONE;
  }

  /** Payload bytes of the current chunk that are certain to come; 0 between chunks. */
  get left(): number {
    return this.#state === DATA ? this.#left : 0;
  }

  /** Where the last {@linkcode decode} stopped reading: what is behind it belongs to the next message. */
  consumed = 0;

  /**
   * Decodes bytes[start, end) and moves its payload to begin at `start`; returns where the payload ends.
   * Throws `Reject` for anything that is not the chunked coding.
   */
  decode(bytes: Uint8Array, start: number, end: number): number {
    let out = start, i = start;
    while (i < end && this.#state !== DONE) {
      if (this.#state === DATA) {
        const length = Math.min(this.#left, end - i);
        if (out !== i) bytes.copyWithin(out, i, i + length);
        out += length;
        i += length;
        this.#left -= length;
        if (this.#left === 0) this.#state = DATA_CR;
      } else {
        this.#step(bytes[i++]);
      }
    }
    this.consumed = i;
    return out;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE: {
        const digit = HEX[byte];
        if (digit !== 255) {
          if (++this.#digits > MAX_SIZE_DIGITS) throw bad("a chunk size that is too large");
          this.#left = this.#left * 16 + digit;
          return;
        }
        if (this.#digits === 0) throw bad("a chunk without a size");
        if (byte === CR) this.#state = SIZE_LF;
        else if (byte === 59) this.#state = EXTENSION;
        else throw bad("an invalid chunk size");
        return;
      }
      case EXTENSION:
        if (++this.#extension > MAX_EXTENSION || ++this.#extensions > MAX_EXTENSIONS) {
          throw bad("a long chunk extension");
        }
        if (byte === CR) this.#state = SIZE_LF;
        else if (VALUE[byte] === 0) throw bad("a control character in a chunk extension");
        return;
      case SIZE_LF:
        if (byte !== LF) throw bad("a chunk size without CRLF");
        this.#state = this.#left === 0 ? TRAILER_START : DATA;
        this.#digits = this.#extension = 0;
        return;
      case DATA_CR:
        if (byte !== CR) throw bad("a chunk without CRLF");
        this.#state = DATA_LF;
        return;
      case DATA_LF:
        if (byte !== LF) throw bad("a chunk without CRLF");
        this.#state = SIZE;
        return;
      case TRAILER_START:
        if (byte === CR) {
          this.#state = END_LF;
          return;
        }
        if (byte === 58) throw bad("a trailer field without a name");
        this.#colon = false;
        this.#state = TRAILER;
        this.#trailer(byte);
        return;
      case TRAILER:
        this.#trailer(byte);
        return;
      case TRAILER_LF:
        if (byte !== LF) throw bad("a trailer field without CRLF");
        this.#state = TRAILER_START;
        return;
      default:
        if (byte !== LF) throw bad("a chunked body that does not end with CRLF");
        this.#state = DONE;
    }
  }

  #trailer(byte: number): void {
    if (++this.#trailers > MAX_TRAILERS) throw bad("a trailer section that is too long");
    if (!this.#colon) {
      if (byte === 58) this.#colon = true;
      else if (TOKEN[byte] === 0) throw bad("an invalid trailer field");
    } else if (byte === CR) this.#state = TRAILER_LF;
    else if (VALUE[byte] === 0) throw bad("a control character in a trailer field");
  }
}
