/**
 * A connection as the engine reads and writes it.
 *
 * @module
 */

/** One open connection. At most one read and one write are under way at a time. */
export interface Wire {
  /** Our end of it. */
  readonly localAddr: Deno.Addr;
  /** The peer's end. */
  readonly remoteAddr: Deno.Addr;
  /** Reads into `into`, which is not empty; 0 at the end. Rejects when the connection was reset or is closed. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number>;
  /**
   * Reads what is there into `into`, without waiting; how much, 0 at the end, -1 when there is nothing or it cannot be had this
   * way. Throws when the connection was reset. Only while no {@linkcode read} is under way.
   */
  readNow(into: Uint8Array<ArrayBuffer>): number;
  /** Writes some of `bytes`; how much. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  /**
   * Writes what the kernel takes of bytes[start, end) at once; how much, 0 when that is nothing or cannot be had this way.
   * Then {@linkcode write} goes on, or says what is wrong. Only while no other write is under way.
   */
  writeNow(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number;
  /** Ends the sending direction. */
  closeWrite(): Promise<void>;
  /** Closes the connection; a pending read ends. Does nothing when it is closed already. */
  close(): void;
  /** Closes the connection of a peer that may have stopped reading: a pending write ends too. */
  sever(): void;
}
