/** `@std/http/status`, from the npm mirror of Deno's std, with the types the mirror leaves out. @module */
// @ts-types="./http_status.d.ts"
export { STATUS_TEXT } from "deno-std/http/status.js";
