/**
 * What a handler module may import from stackd, and what a program that looks at stackd needs. It re-exports only.
 *
 * @module
 */
export { type ErrorCode, StackdError, type StackdErrorOptions } from "./lib/errors.ts";
export { VERSION } from "./lib/version.ts";
export type { Application, Handler, Info } from "./lib/handler/contract.ts";
