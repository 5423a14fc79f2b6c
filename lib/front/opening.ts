/**
 * What stands in front of the first request on a connection.
 *
 * @module
 */
import type { Told } from "../http1/connection.ts";

/** What is known of a connection when its opening has been read. */
export interface Opening {
  /** The client's address; null for a unix socket, undefined when it is the peer itself. */
  readonly client: string | null | undefined;
  /** What is to be read as HTTP first. */
  readonly first: Uint8Array;
  /** @see {@linkcode ClientConnection.told} */
  readonly told: Told | null;
}
