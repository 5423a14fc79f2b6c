/**
 * Several parts of a file as one body: `multipart/byteranges` (RFC 9110 §14.6).
 *
 * @module
 */
import type { FilePart } from "../http1/answer.ts";
import { latin1 } from "../http1/bytes.ts";
import type { Part } from "./range.ts";

/** The body's pieces in their order, and its length in bytes. */
export interface Multipart {
  readonly contentType: string;
  readonly pieces: readonly (FilePart | Uint8Array<ArrayBuffer>)[];
  readonly length: number;
}

/** The body for `parts` of `size` bytes of `contentType`; `boundary` must be one that the bytes do not hold. */
export function multipart(parts: readonly Part[], contentType: string, size: number, boundary: string): Multipart {
  const pieces: (FilePart | Uint8Array<ArrayBuffer>)[] = [];
  let length = 0, before = `--${boundary}`;
  for (const part of parts) {
    const range = `bytes ${part.start}-${part.start + part.length - 1}/${size}`;
    const head = latin1(`${before}\r\nContent-Type: ${contentType}\r\nContent-Range: ${range}\r\n\r\n`);
    pieces.push(head, part);
    length += head.length + part.length;
    before = `\r\n--${boundary}`;
  }
  const end = latin1(`${before}--\r\n`);
  pieces.push(end);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, pieces, length: length + end.length };
}
