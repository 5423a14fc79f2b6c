/**
 * What a handler was seen to touch, as the options that allow it.
 *
 * @module
 */
import { dirname } from "@std/path";
import type { AppOptions } from "../config/options.ts";
import { listedName } from "../config/permission_list.ts";
import { type Grant, PERMISSION_KINDS, type PermissionKind } from "../config/permissions.ts";

/** More paths than this in one directory are named by the directory. */
const MOST_IN_DIRECTORY = 4;

/** An app, as it is mounted. */
type LearnedApp = Omit<AppOptions, "permissions">;

/** What one app's workers have touched. */
export class Learned {
  readonly #touched = new Map<PermissionKind, Set<string>>();

  /** Notes one thing; an empty value is all of its kind. */
  add(kind: PermissionKind, value: string): void {
    const values = this.#touched.get(kind) ?? new Set();
    this.#touched.set(kind, values.add(value));
  }

  /**
   * Prints the options for an app, and what says the same in a file: of this one alone where there are others, which options cannot.
   */
  print(app: LearnedApp, { apps }: { readonly apps: readonly unknown[] }): void {
    const flags = this.flags().map(quote).join(" ");
    console.log(`With these options ${quote(app.module)} may touch what it was seen to touch:\n  ${flags}`);
    const lines = apps.length === 1 ? ["[gateway]", ...this.keys()] : this.mount(app);
    console.log(`In stackd.toml:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }

  /** The options. */
  flags(): string[] {
    return this.#grants().map(([kind, grant]) =>
      `--allow-${kind}${grant === "all" ? "" : `=${grant.map(listedName).join(",")}`}`
    );
  }

  /** The keys of [gateway], or of a mount. */
  keys(): string[] {
    return this.#grants().map(([kind, grant]) =>
      `allow-${kind} = ${
        grant === "all" ? "true" : `[${grant.map((entry) => JSON.stringify(listedName(entry))).join(", ")}]`
      }`
    );
  }

  /** The mount of an app that stands beside others. */
  mount({ prefix, module, exportName }: LearnedApp): string[] {
    const named = exportName === null ? module : `${module}:${exportName}`;
    // It is written without escapes.
    const written = JSON.stringify(decodeURI(prefix));
    return ["[[gateway.mount]]", `prefix = ${written}`, `module = ${JSON.stringify(named)}`, ...this.keys()];
  }

  /** What is to be allowed. Nothing was touched: what allows nothing, for without any option the handler is not confined. */
  #grants(): (readonly [PermissionKind, Grant])[] {
    const grants = PERMISSION_KINDS.flatMap((kind): (readonly [PermissionKind, Grant])[] => {
      const values = [...this.#touched.get(kind) ?? []].sort();
      if (values.length === 0) return [];
      if (values.includes("") || values.includes("/")) return [[kind, "all"]];
      if (kind !== "read" && kind !== "write") return [[kind, values]];
      // What is read where files are made has another name the next time.
      const places = kind === "read" ? [...this.#touched.get("write") ?? []] : [];
      return [[kind, shorten(values.map((path) => places.find((place) => path.startsWith(`${place}/`)) ?? path))]];
    });
    return grants.length === 0 ? [["env", ["NOTHING"]]] : grants;
  }
}

/** Paths without those that lie in others, and directories for many in one. */
export function shorten(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  const kept = new Set(paths.map((path) => {
    const directory = dirname(path);
    return (counts.get(directory) ?? 0) > MOST_IN_DIRECTORY && directory !== "/" ? directory : path;
  }));
  const inside = (path: string) => [...kept].some((other) => other !== path && path.startsWith(`${other}/`));
  return [...kept].filter((path) => !inside(path));
}

/** The options as a shell takes them. */
export function quote(flag: string): string {
  return /^[\w@%+=:,./*-]+$/.test(flag) ? flag : `'${flag.replaceAll("'", "'\\''")}'`;
}
