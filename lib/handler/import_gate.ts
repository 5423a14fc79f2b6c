/**
 * Which files a confined handler may import: those that it may read. Deno asks nobody before it imports a file in a compiled program.
 * This gate gives the error that reading would have given; what holds, also in Web Workers of the handler's own, is the kernel.
 *
 * @module
 */
import * as nodeModule from "node:module";
import type { Grant } from "../config/permissions.ts";
import { isWithin } from "../confine/within.ts";
import { filePath } from "./code/text.ts";

/** What Node's documentation says of hooks (module.registerHooks), as far as it is used here. */
interface Hooks {
  registerHooks(hooks: {
    resolve(specifier: string, context: Context, next: Resolve): { readonly url: string };
  }): void;
}
interface Context {
  readonly parentURL?: string;
}
type Resolve = (specifier: string, context: Context) => { readonly url: string };

/** Where our own modules lie, of which some, and packages of theirs, are loaded when they are needed. */
export const OWN = ownRoot(import.meta.url);

/**
 * The directory that our own module at `url` lies below, with all others of ours: of a compiled program, whose modules are bundled, the one
 * that Deno puts everything in that it consists of.
 */
function ownRoot(url: string): string {
  const at = Deno.build.standalone ? url.lastIndexOf("/deno-compile-") : -1;
  return at < 0 ? new URL("../../", url).href : url.slice(0, url.indexOf("/", at + 1) + 1);
}

/** Lets this isolate import from now on what is in `readable` and `read`, built-in modules, `data:` and `blob:`. */
export function gateImports(readable: readonly string[], read: Grant): void {
  const allowed = read === "all" ? null : [...readable, ...read];
  (nodeModule as unknown as Hooks).registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const denied = context.parentURL?.startsWith(OWN) ? null : whyDenied(resolved.url, allowed);
      if (denied !== null) throw new Deno.errors.NotCapable(denied);
      return resolved;
    },
  });
}

/** Deno's message for a module that may not be imported; null when it may. */
function whyDenied(url: string, allowed: readonly string[] | null): string | null {
  if (/^https?:/.test(url)) return `Requires import access to "${url}"`;
  if (!url.startsWith("file:") || url.startsWith(OWN) || allowed === null) return null;
  const path = filePath(url);
  return isWithin(path, allowed) ? null : `Requires read access to "${path}"`;
}
