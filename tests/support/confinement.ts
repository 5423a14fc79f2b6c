/**
 * Suites that run twice: with handlers that may do everything, and with confined ones. A test file of its own calls
 * {@linkcode confineHandlers}, and then imports the suite once more; each test file is an isolate, so others see nothing of it.
 *
 * @module
 */

let confined = false;

/** From now on the tests of this file confine their handlers. */
export function confineHandlers(): void {
  confined = true;
}

/** A test that is as true of confined handlers as of others; its name says which they are. */
export function test(name: string, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  Deno.test(confined ? `confined: ${name}` : name, fn);
}

/** What a handler needs that notes in the file `log`, whose path it has from `variable`; nothing where none is confined. */
export function mayNote(log: string, variable: string): string[] {
  return confined ? [`--allow-write=${log}`, `--allow-env=${variable}`] : [];
}

/** A boot timeout, s, that is short and still long enough on a busy machine: a confined worker starts its program twice. */
export function shortBoot(): number {
  return confined ? 3 : 1;
}
