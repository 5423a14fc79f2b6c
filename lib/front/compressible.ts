/**
 * Which responses are compressed, for whom: pure rules.
 *
 * @module
 */
import { isWorthCompressing, MIN_LENGTH, preferredCodings } from "../http1/content_coding.ts";

/** What of a response decides whether it is compressed. */
export interface Compressible {
  readonly status: number;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly cacheControl: string | null;
  /** Bytes; -1 when unknown. */
  readonly contentLength: number;
}

/** Whether a response is worth compressing and may be (RFC 9110 §8.4, §7.7): text, whole, not compressed yet. */
export function isCompressible(
  { status, contentType, contentEncoding, cacheControl, contentLength }: Compressible,
): boolean {
  // A part of a body (206) is a part of the uncompressed one.
  if (status < 200 || status === 204 || status === 205 || status === 206 || status === 304) return false;
  if (contentEncoding !== null && contentEncoding.toLowerCase() !== "identity") return false;
  if (cacheControl !== null && /\bno-transform\b/i.test(cacheControl)) return false;
  if (contentLength >= 0 && contentLength < MIN_LENGTH) return false;
  return contentType !== null && isWorthCompressing(contentType);
}

/** Whether an Accept-Encoding value takes gzip (RFC 9110 §12.5.3). */
export function acceptsGzip(acceptEncoding: string | null): boolean {
  return acceptEncoding !== null && preferredCodings(acceptEncoding).includes("gzip");
}
