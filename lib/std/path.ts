/** `@std/path`, from the npm mirror of Deno's std, with the types the mirror leaves out. @module */
// @ts-types="./path.d.ts"
export {
  basename,
  dirname,
  extname,
  fromFileUrl,
  isAbsolute,
  join,
  normalize,
  relative,
  resolve,
  toFileUrl,
} from "deno-std/path/mod.js";
