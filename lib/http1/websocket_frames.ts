/**
 * Where the frames of a WebSocket end (RFC 6455 §5.2), for who only passes them on and has a word of its own to say in between.
 *
 * @module
 */

const CLOSE = 8;
/** Bytes before the payload: 2, up to 8 more for its length, 4 for the mask. */
const MAX_HEADER = 14;

/** Follows one direction of a WebSocket, byte by byte of its headers and over its payloads. */
export class WebSocketFrames {
  readonly #header = new Uint8Array(MAX_HEADER);
  #known = 0;
  /** Bytes of the present frame's payload that are still to come. */
  #payload = 0;
  #closing = false;

  /** Whether a frame has just ended, or none has begun. */
  get between(): boolean {
    return this.#known === 0 && this.#payload === 0;
  }

  /** Whether a close frame has begun: nothing may follow it. */
  get closing(): boolean {
    return this.#closing;
  }

  /**
   * Goes over `bytes`; with `stop`, to the first end of a frame at most. Returns how many were gone over.
   */
  follow(bytes: Uint8Array, stop: boolean): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#payload > 0) {
        const part = Math.min(this.#payload, bytes.length - at);
        this.#payload -= part;
        at += part;
      } else {
        this.#header[this.#known++] = bytes[at++];
        if (this.#known < headerLength(this.#header, this.#known)) continue;
        this.#closing ||= (this.#header[0] & 15) === CLOSE;
        this.#payload = payloadLength(this.#header);
        this.#known = 0;
      }
      if (stop && this.between) break;
    }
    return at;
  }
}

/** How long a header is, as far as its first `known` bytes tell. */
function headerLength(header: Uint8Array, known: number): number {
  if (known < 2) return 2;
  const length = header[1] & 127;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (header[1] >= 128 ? 4 : 0);
}

function payloadLength(header: Uint8Array): number {
  const view = new DataView(header.buffer), length = header[1] & 127;
  if (length < 126) return length;
  return length === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
}

/** A server's close frame with a code and a reason of at most 123 bytes of ASCII (RFC 6455 §5.5.1). */
export function closeFrame(code: number, reason: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(reason);
  const frame = new Uint8Array(4 + text.length);
  frame.set([0x80 | CLOSE, 2 + text.length, code >> 8, code & 255]);
  frame.set(text, 4);
  return frame;
}
