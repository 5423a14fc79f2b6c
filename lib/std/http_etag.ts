/** `@std/http/etag`, from the npm mirror of Deno's std, with the types the mirror leaves out. @module */
// @ts-types="./http_etag.d.ts"
export { ifMatch, ifNoneMatch } from "deno-std/http/etag.js";
