/**
 * Lets this isolate load a handler's code: where its imports lead is known before, and so is what is read. Node's hooks
 * (https://nodejs.org/api/module.html#customization-hooks) are how Deno is told.
 *
 * @module
 */
import * as nodeModule from "node:module";
import type { Bridge } from "./bridge.ts";
import type { LoadableCode } from "./loadable.ts";
import { LoadedCode } from "./loaded_code.ts";
import type { LoadContext, Loaded, LoadHook, ResolveHook } from "./node_hooks.ts";

/** The keys of the global functions that the code's modules call. */
const RESOLVE = Symbol.for("stackd.resolve"), REQUIRE = Symbol.for("stackd.require");

/** What stands for a module of machine code: Deno takes its bytes for text once there are hooks. */
const ADDON: Loaded = { format: "commonjs", source: "process.dlopen(module, __filename);", shortCircuit: true };
const isAddon = (url: string, { conditions }: LoadContext) => url.endsWith(".node") && conditions.includes("require");

const codes: LoadedCode[] = [];

/**
 * Lets the code be loaded from now on, lazily imported parts as well. Modules that are not its own are loaded as ever.
 *
 * @param bridge What makes ES modules of CommonJS ones; null where there are none of these.
 */
export function openCode(code: LoadableCode, bridge: Bridge | null): LoadedCode {
  const opened = new LoadedCode(code, bridge);
  codes.push(opened);
  if (codes.length === 1) register();
  return opened;
}

function register(): void {
  const find = (url: string | undefined) => url === undefined ? undefined : codes.findLast((code) => code.owns(url));
  const { registerHooks } = nodeModule as unknown as {
    registerHooks(hooks: { resolve: ResolveHook; load: LoadHook }): void;
  };
  registerHooks({
    resolve: (specifier, context, next) =>
      find(context.parentURL)?.resolve(specifier, context, next) ?? next(specifier, context),
    load: (url, context, next) =>
      isAddon(url, context) ? ADDON : find(url)?.load(url, context, next) ?? next(url, context),
  });
  // Deno's own import.meta.resolve() does not ask hooks.
  const resolveFrom = (parent: string) => (specifier: string) => find(parent)?.locate(specifier, parent) ?? specifier;
  Object.defineProperty(globalThis, RESOLVE, { value: resolveFrom });
  Object.defineProperty(globalThis, REQUIRE, { value: (url: string) => find(url)?.require(url) });
}
