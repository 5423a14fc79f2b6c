/**
 * The source maps that Deno puts behind what it has made of TypeScript or JSX, corrected: they are of the copy that was read, and
 * their author knows the original.
 *
 * @module
 */

const INLINE = "\n//# sourceMappingURL=data:application/json;base64,";

/**
 * Makes the map at the end of `source` one of the module at `url`.
 *
 * @param above Lines that the copy has above the original's first.
 */
export function mapToOriginal(source: string, url: string, above: number): string {
  const start = source.lastIndexOf(INLINE);
  if (start < 0) return source;
  const text = new TextDecoder().decode(Uint8Array.fromBase64(source.slice(start + INLINE.length).trim()));
  const map: { sources: string[]; mappings: string; sourcesContent?: unknown } = JSON.parse(text);
  map.sources = [url];
  delete map.sourcesContent; // nobody shows it, and it is as long as the module
  if (above > 0) map.mappings = withoutLines(map.mappings, above);
  return source.slice(0, start) + INLINE + new TextEncoder().encode(JSON.stringify(map)).toBase64();
}

/**
 * Moves all original places up by `lines`. Every place is written as the difference to the one before (ECMA-426), so changing the
 * first one moves all.
 */
export function withoutLines(mappings: string, lines: number): string {
  return mappings.replace(/[^;,]{4,}/, (segment) => {
    const { values, rest } = decode(segment, 4);
    const [column = 0, source = 0, line = 0, originalColumn = 0] = values;
    return [column, source, line - lines, originalColumn].map(encode).join("") + rest;
  });
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The first `count` numbers, each of Base64 digits with five bits and one for "there is more", the sign in the last bit. */
function decode(segment: string, count: number): { values: number[]; rest: string } {
  const values: number[] = [];
  let at = 0;
  while (values.length < count && at < segment.length) {
    let value = 0, shift = 0, digit: number;
    do {
      digit = DIGITS.indexOf(segment.charAt(at++));
      value += (digit & 31) << shift;
      shift += 5;
    } while (digit >= 32);
    values.push(value & 1 ? -(value >>> 1) : value >>> 1);
  }
  return { values, rest: segment.slice(at) };
}

function encode(value: number): string {
  let left = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  do {
    const digit = left & 31;
    left >>>= 5;
    text += DIGITS.charAt(left > 0 ? digit | 32 : digit);
  } while (left > 0);
  return text;
}
