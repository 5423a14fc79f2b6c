/**
 * Field values, the larger part of every head, checked four bytes at a time.
 *
 * @module
 */
import { TAB } from "./bytes.ts";

/** A buffer that remembers the same bytes as words of four. Buffers are pooled, so few words are made. */
interface Worded extends Uint8Array {
  words?: Int32Array;
}

const NO_WORDS = new Int32Array(0);

/** Bytes behind the last whole word, or all when the words would not begin with the bytes, are scanned one by one. */
export function wordsOf(bytes: Worded): Int32Array {
  return bytes.words ??= bytes.byteOffset === 0 ? new Int32Array(bytes.buffer, 0, bytes.byteLength >> 2) : NO_WORDS;
}

/**
 * Where the bytes end that may stand in a field's value, from `i` on: at a control character other than TAB. Most of a head's
 * bytes pass here, so they pass by fours: the test for a word fails when one of its bytes is below 32 or is 127, and rarely
 * when none is; then they are looked at one by one.
 */
export function skipValue(bytes: Uint8Array, words: Int32Array, i: number): number {
  for (;;) {
    while ((i & 3) !== 0 && bytes[i] > 31 && bytes[i] !== 127) i++;
    if ((i & 3) === 0) {
      let at = i >> 2;
      for (; at < words.length; at++) {
        const word = words[at];
        if ((((word - 0x20202020) | ((word ^ 0x7f7f7f7f) - 0x01010101)) & ~word & 0x80808080) !== 0) break;
      }
      i = at << 2;
    }
    while (bytes[i] > 31 && bytes[i] !== 127) i++;
    if (bytes[i] !== TAB) return i;
    i++;
  }
}
