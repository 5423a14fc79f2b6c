/**
 * Request ids: what ties an answer, a line of the error log and an upstream's own log together.
 *
 * @module
 */

/** The alphabet and length of an id that is taken from a trusted proxy: visible ASCII, so that it can stand in any log. */
const SANE = /^[\x21-\x7e]{1,128}$/;

/**
 * Makes ids of a fixed prefix and a counter: unique as long as the prefix is, and far cheaper than a UUID.
 *
 * @param prefix See {@linkcode randomPrefix}.
 */
export function requestIds(prefix: string): () => string {
  let count = 0;
  return () => `${prefix}-${(++count).toString(16)}`;
}

/** Twelve hexadecimal digits that no other process has. */
export function randomPrefix(): string {
  return [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The value of a trusted X-Request-Id, or null when it is absent or not fit for a log (1 to 128 visible characters). */
export function acceptRequestId(value: string | null): string | null {
  return value !== null && SANE.test(value) ? value : null;
}
