/**
 * A module that comes on standard input: it is read once, and every load of it, at a reload as for a worker that died, gets the
 * same text.
 *
 * @module
 */
import { STANDARD_INPUT } from "../config/module.ts";
import type { MountedApp } from "../config/apps.ts";
import { messageOf, StackdError } from "../errors.ts";
import { logInfo } from "../observe/log.ts";

/** The text of the module that one of `apps` takes from standard input; null when none does. Throws `STACKD_HANDLER_LOAD`. */
export async function readInputModule(apps: readonly MountedApp[]): Promise<string | null> {
  if (!apps.some(({ module }) => module === STANDARD_INPUT)) return null;
  const fail = (state: string, cause?: unknown) =>
    new StackdError("STACKD_HANDLER_LOAD", `Cannot load the handler on standard input: ${state}`, { cause });
  if (Deno.stdin.isTerminal()) logInfo("Reading the handler module from standard input; Ctrl-D ends it");
  let source: string;
  try {
    source = await new Response(Deno.stdin.readable).text();
  } catch (thrown) {
    throw fail(messageOf(thrown), thrown);
  }
  if (source.trim() === "") throw fail("nothing came");
  return source;
}
