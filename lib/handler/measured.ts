/**
 * Streams that see to it themselves that they have the length which their response declares, or fail: nobody else has to count.
 *
 * @module
 */

const MEASURED = new WeakSet<ReadableStream>();

/** Remembers that `stream` does; gives it back. */
export function measured<Piece>(stream: ReadableStream<Piece>): ReadableStream<Piece> {
  MEASURED.add(stream);
  return stream;
}

/** Whether `stream` does. */
export function isMeasured(stream: ReadableStream): boolean {
  return MEASURED.has(stream);
}
