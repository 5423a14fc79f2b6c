/**
 * Which bytes a Range field asks for (RFC 9110 §14).
 *
 * @module
 */

/**
 * `full`: no range to honour, answer 200 with everything. `part`: 206 with `length` (at least 1) bytes from `start`.
 * `unsatisfiable`: 416.
 */
export type Selection =
  | { readonly kind: "full" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "part"; readonly start: number; readonly length: number };

const FULL: Selection = Object.freeze({ kind: "full" });
const UNSATISFIABLE: Selection = Object.freeze({ kind: "unsatisfiable" });
const BYTES_UNIT = /^\s*bytes=(.*)$/i;
const SPEC = /^(\d*)-(\d*)$/;

/**
 * What a Range value selects of `size` bytes. An unknown unit and a malformed value are ignored, as RFC 9110 §14.2 asks. So
 * are several ranges, as it permits: a multipart answer costs more than it saves, and overlapping ones are an attack. An
 * empty file has no part to send, and is answered whole.
 */
export function selectRange(value: string | null, size: number): Selection {
  if (value === null || size === 0) return FULL;
  const specs = BYTES_UNIT.exec(value)?.[1]?.split(",").map((spec) => spec.trim()).filter((spec) => spec !== "");
  if (specs === undefined || specs.length !== 1) return FULL;
  const [, first = "", last = ""] = SPEC.exec(specs[0]) ?? [];
  if (first === "") {
    if (last === "") return FULL;
    const length = Math.min(Number(last), size);
    return length === 0 ? UNSATISFIABLE : { kind: "part", start: size - length, length };
  }
  const start = Number(first), end = last === "" ? Infinity : Number(last);
  if (end < start) return FULL;
  if (start >= size) return UNSATISFIABLE;
  return { kind: "part", start, length: Math.min(end, size - 1) - start + 1 };
}
