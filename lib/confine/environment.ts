/**
 * The environment of a confined worker's process: what its handler may see, and what Deno needs, which says nothing.
 *
 * @module
 */
import { allowsName, allowsSome } from "../config/grant.ts";
import type { Permissions } from "../config/permissions.ts";

/** Tells a worker's process that it is to confine itself; to what, it reads from its standard input when that is known. */
export const CONFINE = "STACKD_CONFINE";
/** Tells a worker's process that it is confined: what {@linkcode Confinement} says, as JSON. */
export const CONFINED = "STACKD_CONFINED";

/**
 * Where Deno finds a place for what the Cache API stores, as it starts. It asks for no permission there, and where the kernel denies
 * that, it ends the process: there it is to find none.
 */
export const DATA_HOME = "XDG_DATA_HOME", NO_DATA_HOME = "/dev/null";

/** Whether a handler has the Cache API: nobody tells where that stores. */
export function mayCache({ read, write }: Permissions): boolean {
  return read === "all" && write === "all";
}

/** Variables that no handler sees for that they are kept: they say how dates, errors and certificates are to be read. */
const HARMLESS = ["TZ", "LANG", "LC_ALL", "NO_COLOR", "DENO_TLS_CA_STORE", "SSL_CERT_FILE", "SSL_CERT_DIR"];
/** What a source run needs to find its cache. */
const SOURCE_RUN = ["HOME", "DENO_DIR", "XDG_CACHE_HOME"];

/** Where Deno finds whom to trust in TLS, when it is told to ask the system (openssl-env(7)): beside what is there in any case. */
export function trustedPlaces(get: (name: string) => string | undefined): string[] {
  if (!(get("DENO_TLS_CA_STORE") ?? "").split(",").includes("system")) return [];
  const places = [get("SSL_CERT_FILE") ?? "", ...(get("SSL_CERT_DIR") ?? "").split(":")];
  return places.filter((path) => path.startsWith("/"));
}

/** What of `env` a worker with these permissions gets. */
export function environmentFor(
  { env: grant, run, sys }: Permissions,
  env: Readonly<Record<string, string>>,
  sourceRun: boolean,
): Record<string, string> {
  const kept = new Set([
    ...HARMLESS,
    ...sourceRun ? SOURCE_RUN : [],
    ...allowsSome(run) ? ["PATH"] : [],
    // That is where homedir() has it from.
    ...allowsName(sys, "homedir") ? ["HOME"] : [],
  ]);
  const allowed = (name: string) =>
    kept.has(name) || grant === "all" ||
    grant.some((entry) => entry.endsWith("*") ? name.startsWith(entry.slice(0, -1)) : name === entry);
  const own = (name: string) => name === CONFINE || name === CONFINED;
  return Object.fromEntries(Object.entries(env).filter(([name]) => allowed(name) && !own(name)));
}
