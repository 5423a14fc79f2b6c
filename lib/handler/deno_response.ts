/**
 * Deno's own responses, the only ones that it sends. Code that is written for Node puts another class in the place of the global one, and
 * has it inherit from this one; so whoever means Deno's own asks here, and never the global.
 *
 * @module
 */

/** Deno's own class, as it was before any handler was loaded. */
export const DenoResponse: typeof Response = Response;

const getStatus = Object.getOwnPropertyDescriptor(Response.prototype, "status")?.get;

/** Whether a value is a response of Deno's own. */
export function isDenoResponse(value: unknown): value is Response {
  if (!(value instanceof DenoResponse)) return false;
  try {
    getStatus?.call(value); // throws for what only inherits
    return true;
  } catch {
    return false;
  }
}
