/**
 * A handler that runs unconfined to find out what it touches.
 *
 * @module
 */
import * as nodeModule from "node:module";
import { recordDeno } from "../confine/record.ts";
import { recordNode } from "../confine/record_node.ts";
import type { Note } from "../confine/recorder.ts";
import { isUnallowable, isWithin } from "../confine/within.ts";
import { readSnapshot } from "./code/loadable.ts";
import { pathOf } from "./code/text.ts";
import { OWN } from "./import_gate.ts";

interface Context {
  readonly parentURL?: string;
  readonly conditions: readonly string[];
}
interface Hooks {
  registerHooks(hooks: {
    resolve(
      specifier: string,
      context: Context,
      next: (specifier: string, context: Context) => { readonly url: string },
    ): { readonly url: string; readonly shortCircuit?: boolean };
  }): void;
}

/**
 * Notes what is touched in this isolate from now on, each thing once.
 *
 * @param readable What is readable in any case.
 * @param code Where the copy of the handler's code lies; null when there is none.
 */
export function learn(readable: readonly string[], code: string | null, note: Note): void {
  const noted = new Set<string>();
  const noteOnce: Note = (kind, value) => {
    if (kind === "read" && (isWithin(value, readable) || isLookedForInVain(value))) return;
    if ((kind === "read" || kind === "write") && isUnallowable(value)) return;
    const key = `${kind} ${value}`;
    if (noted.has(key)) return;
    noted.add(key);
    note(kind, value);
  };
  const noteImport = (url: string) => {
    const path = url.startsWith(OWN) ? null : pathOf(url);
    if (path !== null) noteOnce("read", path);
  };
  const { process } = globalThis as unknown as { process: { getBuiltinModule(name: string): object } };
  recordDeno(noteOnce);
  const changed = recordNode(noteOnce, (name) => process.getBuiltinModule(name));
  // The names that a module exports are bound to the functions as they were: modules get others.
  const urls = new Map(changed.map((name) => [`node:${name}`, moduleOf(`node:${name}`, process)]));
  (nodeModule as unknown as Hooks).registerHooks({
    resolve(specifier, context, next) {
      // Built-in modules import each other as they are, and require() gives what is in them now.
      const asIs = /^(?:node|ext):/.test(context.parentURL ?? "") || context.conditions.includes("require");
      const url = asIs ? undefined : urls.get(specifier.startsWith("node:") ? specifier : `node:${specifier}`);
      if (url !== undefined) return { url, shortCircuit: true };
      const resolved = next(specifier, context);
      noteImport(resolved.url);
      return resolved;
    },
  });
  const snapshot = code === null ? null : readSnapshot(code);
  for (const imported of Object.keys(snapshot?.files ?? {})) noteImport(imported);
}

/** As it is before anything is replaced. */
const { lstatSync } = Deno;

/** Whether this is a file that our own loader looks for, up to the root, and does without. */
function isLookedForInVain(path: string): boolean {
  if (!/\/deno\.jsonc?$/.test(path)) return false;
  try {
    lstatSync(path);
    return false;
  } catch {
    return true;
  }
}

/** A module that exports what is in a built-in one now. */
function moduleOf(name: string, process: { getBuiltinModule(name: string): object }): string {
  const names = Object.keys(process.getBuiltinModule(name)).filter((key) =>
    /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default"
  );
  const code = `const it = process.getBuiltinModule("${name}");
export default it;
${names.map((key) => `const $${key} = it.${key}; export { $${key} as ${key} };`).join("\n")}`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
