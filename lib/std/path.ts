/**
 * `@std/path`, from the npm mirror of Deno's std, with the types the mirror leaves out. One file a function, and the posix
 * ones: every process of stackd's loads this when it starts, and `mod.js` is seventy-five files of which a unix server
 * needs ten.
 *
 * @module
 */
// @ts-types="./path.d.ts"
export { basename } from "deno-std/path/posix/basename.js";
// @ts-types="./path.d.ts"
export { dirname } from "deno-std/path/posix/dirname.js";
// @ts-types="./path.d.ts"
export { extname } from "deno-std/path/posix/extname.js";
// @ts-types="./path.d.ts"
export { fromFileUrl } from "deno-std/path/posix/from_file_url.js";
// @ts-types="./path.d.ts"
export { isAbsolute } from "deno-std/path/posix/is_absolute.js";
// @ts-types="./path.d.ts"
export { join } from "deno-std/path/posix/join.js";
// @ts-types="./path.d.ts"
export { normalize } from "deno-std/path/posix/normalize.js";
// @ts-types="./path.d.ts"
export { relative } from "deno-std/path/posix/relative.js";
// @ts-types="./path.d.ts"
export { resolve } from "deno-std/path/posix/resolve.js";
// @ts-types="./path.d.ts"
export { toFileUrl } from "deno-std/path/posix/to_file_url.js";
