/**
 * Whether a confined handler's imports need a gate, which costs what Deno loads for node's half: they do not where all that is imported
 * is known, and may be.
 *
 * @module
 */
import type { WorkerOptions } from "../process/messages.ts";
import { readSnapshot } from "./code/loadable.ts";
import { readText } from "./code/text.ts";

/**
 * What makes code of texts, in which no import was looked for, or is node's, which can do so and has loaded its half anyway. The kernel
 * holds what hides from this, too.
 */
const MAKES_CODE = /\b(?:eval|Function|getBuiltinModule)\b|\b(?:data|blob|node):/;

/** @param landlock The version of it that holds the handler; 0 for none. */
export function needsGate({ code }: Pick<WorkerOptions, "code">, landlock: number): boolean {
  const snapshot = landlock === 0 || code === null ? null : readSnapshot(code);
  if (snapshot === null || !snapshot.plain) return true;
  return Object.values(snapshot.files).some(({ path }) => MAKES_CODE.test(readText(path)));
}
