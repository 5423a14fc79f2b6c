/**
 * What both corpora are checked and split with.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { fieldOf, type RawField } from "../../support/raw_http.ts";
import type { Expected } from "./case.ts";

/** Fails unless the fields of `message` are as expected; others may be there. */
export function assertFields(message: { readonly fields: readonly RawField[] }, expected: Expected): void {
  for (const [name, value] of Object.entries(expected)) {
    const got = fieldOf(message, name);
    if (value instanceof RegExp) assert(got !== null && value.test(got), `${name}: ${got}`);
    else assertEquals(got, value, `${name}: ${got}`);
  }
}

/** Where to cut: every offset of a short text; about as many spread over a long one. */
export function cutsOf({ length }: string): number[] {
  const step = Math.max(1, Math.ceil(length / 200));
  return Array.from({ length: Math.max(0, Math.ceil(length / step) - 1) }, (_, i) => (i + 1) * step);
}
