/**
 * The applications of a gateway, and the files beside them: MODULE, `--mount` and `--static-map`.
 *
 * @module
 */
import type { FileValue } from "./file/proxy_section.ts";
import { findModule, STANDARD_INPUT } from "./module.ts";
import type { AppOptions, StaticMap } from "./options.ts";
import type { Reader } from "./reader.ts";
import { findRoot, lacksSlash, splitRoute } from "./routes.ts";
import type { System } from "./system.ts";
import { ValueError } from "./values.ts";

/** An app, before it is said what it may touch. */
export type MountedApp = Omit<AppOptions, "permissions">;

/** An app, and what stackd.toml says where it mounts it. */
export interface WrittenApp extends MountedApp {
  /** What it may touch, by the names of the flags; null: what is said of all. */
  readonly allow: ReadonlyMap<string, readonly FileValue[]> | null;
}

/** What stands below which prefix. */
export interface Mounted {
  readonly apps: readonly WrittenApp[];
  readonly staticMaps: readonly StaticMap[];
}

/** Reads all of them; that there is no app at all is a mistake, too. */
export function readApps(reader: Reader, system: System): Mounted {
  const taken = new Map<string, string>();
  /** Gives a prefix away, once. */
  const take = (prefix: string, owner: string): string => {
    const before = taken.get(prefix);
    if (before !== undefined) throw new ValueError(`the prefix "${prefix}" is taken by ${before}`);
    taken.set(prefix, owner);
    return prefix;
  };
  let input = false;
  const appOf = (prefix: string, text: string, written: FileValue | null): WrittenApp => {
    const { path: module, exportName } = findModule(text, system);
    if (module === STANDARD_INPUT && input) throw new ValueError("standard input can be read for one app only");
    input ||= module === STANDARD_INPUT;
    return { prefix, module, exportName, allow: written?.allow ?? null };
  };
  const positional = reader.all("module", (text) => appOf(take("/", `"${text}"`), text, null));
  const mounts = reader.all("mount", (text, written) => {
    const { prefix, rest } = splitMount(text, "MODULE", "/api=api.ts");
    return appOf(take(prefix, `--mount "${text}"`), rest, written);
  });
  const staticMaps = reader.all("static-map", (text): StaticMap => {
    const { prefix, rest } = splitMount(text, "DIR", "/static=public");
    return { root: findRoot(rest, system), prefix: take(prefix, `"${text}"`) };
  });
  if (!reader.has("module") && !reader.has("mount")) {
    reader.miss("Cannot start the gateway: no handler module", "its path", 'module = "app.ts" in [gateway]');
  }
  const apps = [...positional, ...mounts];
  if (reader.has("watch") && apps.length > 0 && apps.every(({ module }) => module === STANDARD_INPUT)) {
    reader.mistakes.add("STACKD_USAGE", "Cannot use --watch: a module on standard input does not change");
  }
  return { apps, staticMaps };
}

/** A prefix and what is mounted there; neither may be left out. */
function splitMount(text: string, what: string, example: string): { prefix: string; rest: string } {
  if (text.startsWith("/") && text.includes("=")) return splitRoute(text);
  const cure = lacksSlash(text) ? `; a prefix begins with "/", write "/${text}"` : "";
  throw new ValueError(`PREFIX=${what} is needed, as ${example}${cure}`);
}
