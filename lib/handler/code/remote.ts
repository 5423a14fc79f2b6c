/**
 * Modules of the net that are here already: in Deno's cache, or in the `vendor/` of the project.
 *
 * @module
 */
import { join } from "@std/path";
import { type FindKept, type Kept, keptAs, sha256 } from "./kept.ts";
import { metadataOf } from "./text.ts";
import { findVendored } from "./vendor.ts";

/** Deno's cache directory (docs.deno.com/runtime/reference/env_variables/), or null where there is no home. */
export function denoDirectory(env: (name: string) => string | undefined): string | null {
  const named = env("DENO_DIR"), home = env("HOME");
  if (named !== undefined && named !== "") return named;
  const caches = env("XDG_CACHE_HOME") ?? (home === undefined ? undefined : join(home, ".cache"));
  return caches === undefined ? null : join(caches, "deno");
}

/** Looks into `vendor`, then into `cache`; each may be null for none. */
export function keptFinder(vendor: string | null, cache: string | null): FindKept {
  return async (url) =>
    (vendor === null ? null : await findVendored(vendor, url)) ??
      (cache === null ? null : await findCached(cache, url));
}

/** Deno keeps each by the hash of its path, in a directory of its host; the response's fields stand behind the text. */
async function findCached(cache: string, url: string): Promise<Kept | null> {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const host = hostname + (port === "" ? "" : `_PORT${port}`);
  const path = join(cache, "remote", protocol.slice(0, -1), host, await sha256(pathname + search));
  try {
    const metadata: unknown = JSON.parse(metadataOf(Deno.readTextFileSync(path)));
    return keptAs(url, path, Object(Reflect.get(Object(metadata), "headers")));
  } catch {
    return null;
  }
}
