/**
 * A WebSocket's end when its server goes: the client is told to come back, with a close frame of ours between two of the server's.
 *
 * @module
 */
import { closeFrame, WebSocketFrames } from "../http1/websocket_frames.ts";

/** RFC 6455 §7.4.2, IANA: the service restarts, the client may reconnect. */
const SERVICE_RESTART = closeFrame(1_012, "Service restart");

/** Writes to the client all of `bytes`; rejects when it is gone. */
export type WriteToClient = (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;

/** What passes from a WebSocket's server to its client, and ends when it has to. */
export class Farewell {
  readonly #write: WriteToClient;
  readonly #frames = new WebSocketFrames();
  #wanted = false;
  #said = false;
  /** Whether a write is under way: what is in its middle is not known. */
  #writing = false;

  constructor(write: WriteToClient) {
    this.#write = write;
  }

  /** Passes on what the server sends; nothing any more once the farewell is said. */
  async pass(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    while (bytes.length > 0 && !this.#said) {
      // A frame that has begun is still passed on.
      if (this.#wanted && this.#frames.between) return await this.#say();
      const length = this.#frames.follow(bytes, this.#wanted);
      this.#writing = true;
      await this.#write(bytes.subarray(0, length));
      this.#writing = false;
      bytes = bytes.subarray(length);
    }
    if (this.#wanted && this.#frames.between) await this.#say();
  }

  /** Tells the client now, or when the frame that is being sent has ended. */
  want(): void {
    this.#wanted = true;
    if (!this.#writing && this.#frames.between) this.#say().catch(() => {}); // it is gone
  }

  async #say(): Promise<void> {
    if (this.#said || this.#frames.closing) return;
    this.#said = true;
    await this.#write(SERVICE_RESTART);
  }
}
