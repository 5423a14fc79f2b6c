/**
 * Modules of the net that are here already: in Deno's cache, or in the `vendor/` of the project.
 *
 * @module
 */
import { join } from "@std/path";

/** A module of the net as it is kept here. */
export interface RemoteCopy {
  readonly path: string;
  /** Where it really came from, when it was asked for under another URL; null for here. */
  readonly redirect: string | null;
}

/** Finds the copy of a URL; null when there is none. */
export type FindCopy = (url: string) => Promise<RemoteCopy | null>;

/** Deno's cache directory (docs.deno.com/runtime/reference/env_variables/), or null where there is no home. */
export function denoDirectory(env: (name: string) => string | undefined): string | null {
  const named = env("DENO_DIR"), home = env("HOME");
  if (named !== undefined && named !== "") return named;
  const caches = env("XDG_CACHE_HOME") ?? (home === undefined ? undefined : join(home, ".cache"));
  return caches === undefined ? null : join(caches, "deno");
}

/** Looks into `vendor`, then into `cache`; each may be null for none. */
export function copyFinder(vendor: string | null, cache: string | null): FindCopy {
  return async (url) => {
    for (
      const path of [vendor === null ? null : vendored(vendor, url), cache === null ? null : await cached(cache, url)]
    ) {
      if (path === null) continue;
      try {
        if (!Deno.statSync(path).isFile) continue;
      } catch {
        continue;
      }
      return { path, redirect: redirectIn(path, url) };
    }
    return null;
  };
}

/** Deno keeps each by the hash of its path, in a directory of its host. */
async function cached(cache: string, url: string): Promise<string> {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const bytes = new TextEncoder().encode(pathname + search);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return join(cache, "remote", protocol.slice(0, -1), hostname + (port === "" ? "" : `_PORT${port}`), hash);
}

/** In vendor/ a URL is a path; what would not do for one is kept under another name, as manifest.json says. */
function vendored(vendor: string, url: string): string {
  const { protocol, hostname, port, pathname } = new URL(url);
  const host = `${protocol === "http:" ? "http_" : ""}${hostname}${port === "" ? "" : `_${port}`}`;
  try {
    const manifest: unknown = JSON.parse(Deno.readTextFileSync(join(vendor, "manifest.json")));
    const modules: unknown = Reflect.get(Object(manifest), "modules");
    const path: unknown = Reflect.get(Object(Reflect.get(Object(modules), url)), "path");
    if (typeof path === "string") return join(vendor, path);
  } catch { /* every path is as it is in the URL */ }
  return join(vendor, host, decodeURIComponent(pathname));
}

const METADATA = /\n\/\/ denoCacheMetadata=(\{.*\})\s*$/s;

/** The text without what Deno's cache has added. */
export function withoutMetadata(text: string): string {
  return text.replace(METADATA, "");
}

function redirectIn(path: string, url: string): string | null {
  try {
    const [, metadata = "{}"] = METADATA.exec(Deno.readTextFileSync(path)) ?? [];
    const headers: unknown = Reflect.get(Object(JSON.parse(metadata)), "headers");
    const location: unknown = Reflect.get(Object(headers), "location");
    return typeof location === "string" ? new URL(location, url).href : null;
  } catch {
    return null;
  }
}
