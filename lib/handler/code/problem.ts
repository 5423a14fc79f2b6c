/**
 * Why an import leads nowhere, for people.
 *
 * @module
 */

/** The one command that changes it. */
export interface Cure {
  readonly command: string;
  /** Where it is to be run. */
  readonly directory: string;
}

/** An import that cannot be followed. */
export interface Problem {
  /** What is the case, as a phrase behind the specifier and its place. */
  readonly state: string;
  readonly cure: Cure | null;
}

/** Where an import leads. */
export type Resolution =
  | { readonly kind: "url"; readonly url: string }
  | ({ readonly kind: "problem" } & Problem);

/** It leads to `url`. */
export function found(url: string): Resolution {
  return { kind: "url", url };
}

/** It leads nowhere. */
export function problem(state: string, cure: Cure | null = null): Resolution {
  return { kind: "problem", state, cure };
}
