/**
 * A whole answer as plain data: what static files, redirects and our own errors give the engine to send.
 *
 * @module
 */

/** One field of an answer, in the order and spelling it is sent. */
export type Field = readonly [name: string, value: string];

/** A regular file that is open for reading. */
export interface OpenFile {
  /** Reads into `into` what is at `position`; how much, 0 at the file's end. Waits for nobody. Throws when the disk fails. */
  read(position: number, into: Uint8Array<ArrayBuffer>): number;
  /** Whether its bytes were changed since it was opened, as far as its size and time of modification tell. */
  changed(): boolean;
  /** Only once. */
  close(): void;
}

/** Bytes of an open file. */
export interface FilePart {
  /** First byte to send. */
  readonly start: number;
  readonly length: number;
}

/** Parts of an open file, with what stands between them. The engine closes the file, whatever happens. */
export interface FileBody {
  readonly file: OpenFile;
  readonly pieces: readonly (FilePart | Uint8Array<ArrayBuffer>)[];
  /** Bytes of all pieces; a file that turns out shorter, or changes meanwhile, ends the connection. */
  readonly length: number;
}

/**
 * An answer. The engine adds `Date`, `Server`, `Content-Length` and the framing of the connection; `fields` must not hold
 * those. For HEAD the body is not sent, its length is.
 */
export interface Answer {
  readonly status: number;
  readonly fields: readonly Field[];
  /** Text has characters up to U+00FF, a byte each; what is said once costs less so than in an array. */
  readonly body: Uint8Array | string | FileBody | null;
}
