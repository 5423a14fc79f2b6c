/**
 * Which bytes a Range field asks for (RFC 9110 §14).
 *
 * @module
 */

/** `length` bytes, at least one, from `start`. */
export interface Part {
  readonly start: number;
  readonly length: number;
}

/** `full`: no range to honour, answer 200 with everything. `parts`: 206 with these. `unsatisfiable`: 416. */
export type Selection =
  | { readonly kind: "full" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "parts"; readonly parts: readonly Part[] };

/** More are not honoured: they are an attack on whoever assembles them (Apache has MaxRanges 200, browsers ask for one). */
export const MAX_RANGES = 16;

const FULL: Selection = Object.freeze({ kind: "full" });
const UNSATISFIABLE: Selection = Object.freeze({ kind: "unsatisfiable" });
const BYTES_UNIT = /^\s*bytes=(.*)$/i;
const SPEC = /^(\d*)-(\d*)$/;

/**
 * What a Range value selects of `size` bytes. An unknown unit and a malformed value are ignored, as RFC 9110 §14.2 asks, and
 * so are more than {@linkcode MAX_RANGES}. Ranges that overlap or touch become one (RFC 9110 §15.3.7.2); ranges behind the
 * end are left out while there are others. An empty file has no part to send, and is answered whole.
 */
export function selectRanges(value: string | null, size: number): Selection {
  if (value === null || size === 0) return FULL;
  const specs = BYTES_UNIT.exec(value)?.[1]?.split(",").map((spec) => spec.trim()).filter((spec) => spec !== "");
  if (specs === undefined || specs.length === 0 || specs.length > MAX_RANGES) return FULL;
  const parts: Part[] = [];
  for (const spec of specs) {
    const part = partOf(spec, size);
    if (part === "malformed") return FULL;
    if (part !== "unsatisfiable") unite(parts, part);
  }
  return parts.length === 0 ? UNSATISFIABLE : { kind: "parts", parts };
}

function partOf(spec: string, size: number): Part | "malformed" | "unsatisfiable" {
  const [, first = "", last = ""] = SPEC.exec(spec) ?? [];
  if (first === "") {
    if (last === "") return "malformed";
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, length };
  }
  const start = Number(first), end = last === "" ? Infinity : Number(last);
  if (end < start) return "malformed";
  if (start >= size) return "unsatisfiable";
  return { start, length: Math.min(end, size - 1) - start + 1 };
}

/** Adds `part`; what it overlaps or touches becomes one with it, at the place of the first of those. */
function unite(parts: Part[], part: Part): void {
  let { start, length } = part, place = parts.length;
  for (let i = 0; i < parts.length;) {
    const other = parts[i];
    if (other.start > start + length || start > other.start + other.length) {
      i++;
      continue;
    }
    const end = Math.max(start + length, other.start + other.length);
    start = Math.min(start, other.start);
    length = end - start;
    parts.splice(i, 1);
    place = Math.min(place, i);
    i = 0; // what has grown may reach those before
  }
  parts.splice(place, 0, { start, length });
}
