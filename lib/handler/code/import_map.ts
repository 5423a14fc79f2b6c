/**
 * `imports` and `scopes` as the HTML standard's "resolve a module specifier" reads them, with what Deno adds for packages.
 *
 * @module
 */

/** A map from specifiers to specifiers; both may be URLs. */
type Entries = readonly (readonly [key: string, target: string])[];

/** An import map, ready for use: longest keys first. */
export interface ImportMap {
  readonly imports: Entries;
  /** By the URL prefix of the modules that they hold for. */
  readonly scopes: readonly (readonly [prefix: string, imports: Entries])[];
}

/** No mapping. */
export const NO_MAP: ImportMap = { imports: [], scopes: [] };

/**
 * Reads an import map.
 *
 * @param content Of which `imports` and `scopes` count.
 * @param base The URL of the file it stands in.
 * @param packages Whether "hono": "npm:hono@4" maps "hono/cors", too, as in deno.json.
 */
export function readImportMap(content: object, base: string, packages: boolean): ImportMap {
  const scopes = Object.entries(Object(Reflect.get(content, "scopes")));
  return {
    imports: readEntries(Reflect.get(content, "imports"), base, packages),
    scopes: scopes.map(([prefix, imports]) =>
      [new URL(prefix, base).href, readEntries(imports, base, packages)] as const
    ).sort(longestFirst),
  };
}

function readEntries(value: unknown, base: string, packages: boolean): Entries {
  const entries: [string, string][] = [];
  for (const [key, target] of Object.entries(Object(value))) {
    if (typeof target !== "string") continue;
    const name = normalized(key, base);
    entries.push([name, normalized(target, base)]);
    if (packages && /^(?:npm|jsr):/.test(target) && !key.endsWith("/") && !target.endsWith("/")) {
      entries.push([`${name}/`, `${target}/`]);
    }
  }
  return entries.sort(longestFirst);
}

function longestFirst([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return b.length - a.length;
}

/** Paths become URLs; everything else stays. */
function normalized(specifier: string, base: string): string {
  return /^\.{0,2}\//.test(specifier) || specifier === "." || specifier === ".."
    ? new URL(specifier, base).href
    : specifier;
}

/** What `specifier` means in the module at `parent`; null where the map says nothing of it. */
export function applyImportMap(map: ImportMap, specifier: string, parent: string): string | null {
  const asked = normalized(specifier, parent);
  for (const [prefix, imports] of map.scopes) {
    if (parent !== prefix && !(prefix.endsWith("/") && parent.startsWith(prefix))) continue;
    const target = lookUp(imports, asked);
    if (target !== null) return target;
  }
  return lookUp(map.imports, asked);
}

function lookUp(imports: Entries, asked: string): string | null {
  for (const [key, target] of imports) {
    if (asked === key) return target;
    if (!key.endsWith("/") || !asked.startsWith(key)) continue;
    const rest = asked.slice(key.length);
    return isUrl(target) ? new URL(rest, target).href : target + rest;
  }
  return null;
}

/** Whether a target is a folder of files; `npm:` and `jsr:` are URLs in name only. */
function isUrl(target: string): boolean {
  return /^(?:file|https?):/.test(target);
}
