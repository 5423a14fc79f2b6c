/** `@std/jsonc/parse`, from the npm mirror of Deno's std, with the types the mirror leaves out. @module */
// @ts-types="./jsonc_parse.d.ts"
export { parse } from "deno-std/jsonc/parse.js";
