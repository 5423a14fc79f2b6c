/** `@std/cli/parse-args`, from the npm mirror of Deno's std, with the types the mirror leaves out. @module */
// @ts-types="./cli_parse_args.d.ts"
export { parseArgs } from "deno-std/cli/parse_args.js";
