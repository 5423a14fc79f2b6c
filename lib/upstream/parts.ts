/**
 * What the connections to upstream servers read with, and share.
 *
 * @module
 */
import { ChunkDecoder } from "../http1/chunked.ts";
import { ResponseHead } from "../http1/response_head.ts";

/** Largest response head, bytes; nginx's proxy_buffer_size is a quarter of it. */
export const HEAD_SIZE = 16_384;
/** Fields in a response head. */
const MAX_FIELDS = 200;

/** What a connection reads with. Pooled: a server that takes one request on each connection would have it made for each. */
export class Parts {
  readonly head = new ResponseHead(MAX_FIELDS);
  readonly decoder = new ChunkDecoder();
  readonly buffer = new Uint8Array(HEAD_SIZE + 1); // a byte more for the scanner's sentinel
  /** What is read into: all but the last byte. */
  readonly room = this.buffer.subarray(0, HEAD_SIZE);
}

/** Kept for connections to come. */
const spare: Parts[] = [];
const MAX_SPARE = 64;

/** Parts that nobody reads with. */
export function takeParts(): Parts {
  return spare.pop() ?? new Parts();
}

/** Nothing is read into them any more. */
export function giveParts(parts: Parts): void {
  if (spare.length < MAX_SPARE) spare.push(parts);
}
