/**
 * Whether somebody else reads a response's body. Deno sends nothing at all of such a response, and asking one for its body makes a
 * stream of it, which costs more than the answer: so only those are asked whose body the handler itself has asked for.
 *
 * @module
 */

const ASKED = Symbol("stackd body asked for");

/** A response with what is remembered on it. */
interface Marked extends Response {
  [ASKED]?: true;
}

/** Notices from now on whose body is asked for; gives back a function that undoes it. */
export function noticeBodies(): () => void {
  const original = Object.getOwnPropertyDescriptor(Response.prototype, "body") ?? {};
  const getBody = original.get;
  Object.defineProperty(Response.prototype, "body", {
    ...original,
    get(this: Marked): Response["body"] {
      this[ASKED] = true;
      return getBody?.call(this) ?? null;
    },
  });
  return () => Object.defineProperty(Response.prototype, "body", original);
}

/** Whether a reader, a pipe or a tee has the body. */
export function isBodyTaken(response: Response): boolean {
  return (response as Marked)[ASKED] === true && response.body?.locked === true;
}
