/**
 * What a handler does wrong outside of a request.
 *
 * @module
 */
import { logError } from "../observe/log.ts";
import { isBrokenUpload } from "./broken_upload.ts";
import { describeThrown } from "./stack.ts";

/** Logs what would end this process: as in uWSGI, one request's mistake is not the end of the others. */
export function surviveMistakes(): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    if (isBrokenUpload(event.reason)) return; // what its client has done is nobody's mistake here
    logError(`A promise of the handler was rejected, and nothing handled it: ${describeThrown(event.reason)}`);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    logError(`The handler threw outside of a request: ${describeThrown(event.error)}`);
  });
  // Deno advises the users of request.signal, once, to set a flag that a compiled program does not have.
  const { warn } = console;
  console.warn = (...data: unknown[]) => {
    if (!String(data[0]).startsWith("Deno.serve: request.signal aborts on successful")) warn(...data);
  };
}
