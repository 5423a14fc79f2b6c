/** `@std/semver`, from the npm mirror of Deno's std, with the types the mirror leaves out. @module */
export type { SemVer } from "./semver.d.ts";
// @ts-types="./semver.d.ts"
export { parseRange } from "deno-std/semver/parse_range.js";
// @ts-types="./semver.d.ts"
export { satisfies } from "deno-std/semver/satisfies.js";
// @ts-types="./semver.d.ts"
export { tryParse } from "deno-std/semver/try_parse.js";
// @ts-types="./semver.d.ts"
export { compare } from "deno-std/semver/compare.js";
