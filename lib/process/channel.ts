/**
 * Messages between two of our processes over a private unix socket: one JSON value per line.
 *
 * @module
 */

/** Longest line that is sent or taken, bytes. */
const MAX_LINE = 262_144;
const NEWLINE = 10;

/** Tells whether something received is a message that this end understands. */
export type Guard<Message> = (value: unknown) => value is Message;

/** The other end said something that is no message: it is not what it should be, and nothing it says counts any more. */
export class ChannelError extends Error {
  override readonly name = "ChannelError";
}

/** One end of a channel. */
export class Channel<Incoming, Outgoing> {
  readonly #conn: Deno.Conn;
  readonly #isMessage: Guard<Incoming>;
  #sent: Promise<void> = Promise.resolve();

  constructor(conn: Deno.Conn, isMessage: Guard<Incoming>) {
    this.#conn = conn;
    this.#isMessage = isMessage;
  }

  /** The path of the socket that it was connected to; empty where it has none. */
  get path(): string {
    const { remoteAddr } = this.#conn;
    return remoteAddr.transport === "unix" ? remoteAddr.path : "";
  }

  /**
   * Sends a message behind those that were sent before. That the other end is gone is no error here: it shows as the end of
   * {@linkcode Channel.messages}.
   *
   * @returns When it has been handed to the system.
   */
  send(message: Outgoing): Promise<void> {
    const line = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    if (line.length > MAX_LINE) throw new ChannelError(`Cannot send a message of ${line.length} bytes: too long`);
    this.#sent = this.#sent.then(() => this.#write(line)).catch(() => {});
    return this.#sent;
  }

  async #write(line: Uint8Array): Promise<void> {
    for (let sent = 0; sent < line.length;) sent += await this.#conn.write(line.subarray(sent));
  }

  /**
   * The messages that arrive, until the other end closes or is gone.
   *
   * @throws {ChannelError} For what is no message.
   */
  async *messages(): AsyncGenerator<Incoming, void, void> {
    const decoder = new TextDecoder();
    let pending = new Uint8Array(0);
    const chunk = new Uint8Array(16_384);
    while (true) {
      const count = await this.#conn.read(chunk).catch(() => null);
      if (count === null) return;
      const bytes = new Uint8Array(pending.length + count);
      bytes.set(pending);
      bytes.set(chunk.subarray(0, count), pending.length);
      let start = 0;
      for (let end; (end = bytes.indexOf(NEWLINE, start)) !== -1; start = end + 1) {
        yield this.#parse(decoder.decode(bytes.subarray(start, end)));
      }
      pending = bytes.subarray(start);
      if (pending.length > MAX_LINE) throw new ChannelError(`Cannot take a message: longer than ${MAX_LINE} bytes`);
    }
  }

  #parse(line: string): Incoming {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new ChannelError(`Cannot take a message: not JSON: ${line.slice(0, 80)}`);
    }
    if (this.#isMessage(value)) return value;
    throw new ChannelError(`Cannot take a message: not one of those known: ${line.slice(0, 80)}`);
  }

  /** Closes this end; the other end sees the end of the messages. */
  close(): void {
    try {
      this.#conn.close();
    } catch { /* closed before */ }
  }
}
