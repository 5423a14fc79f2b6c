/**
 * The keys of a route that say how its files are served.
 *
 * @module
 */
import { type CacheRule, STATIC_DEFAULTS, type StaticOptions } from "../static_options.ts";
import { ValueError } from "../values.ts";
import { mediaType, oneOf, size, text, textAs, yes } from "./parsers.ts";
import type { Parse, Section } from "./section.ts";

const KEYS = [
  "index",
  "try-files",
  "spa",
  "listing",
  "dotfiles",
  "default-type",
  "types",
  "precompressed",
  "compress",
  "cache-control",
  "immutable",
  "expires",
  "max-cache",
  "symlinks",
] as const;
/** A dollar that is not that of `$uri`, with the name behind it. */
const OTHER_VARIABLE = /\$(?!uri(?!\w))\{?\w*\}?/;

/** Reads the keys; null when none is given, or the route has no files, where each is noted as a mistake. */
export function readStaticOptions(route: Section): StaticOptions | null {
  const given = KEYS.filter((key) => route.has(key)); // all are asked for, so that none is unknown
  if (!route.has("static")) {
    for (const key of given) {
      const value = route.value(key);
      if (value) route.refuse(key, value, "it is only for a route with static");
    }
    return null;
  }
  if (given.length === 0) return null;
  const defaults = STATIC_DEFAULTS;
  return {
    index: readIndex(route),
    tryFiles: readTryFiles(route),
    spa: route.one("spa", textAs(parseSpa), defaults.spa),
    listing: route.one("listing", yes, defaults.listing),
    dotfiles: route.one("dotfiles", yes, defaults.dotfiles),
    defaultType: route.one("default-type", mediaType, defaults.defaultType),
    types: readTypes(route),
    precompressed: route.one("precompressed", yes, defaults.precompressed),
    compress: route.one("compress", yes, defaults.compress),
    cacheControl: readCacheControl(route),
    immutable: route.one("immutable", yes, defaults.immutable),
    expires: route.one("expires", yes, defaults.expires),
    maxCache: route.one("max-cache", size, defaults.maxCache),
    symlinks: route.one("symlinks", oneOf(["inside", "all"]), defaults.symlinks),
  };
}

/** One name, or an array of them, which may be empty: then directories have none. */
function readIndex(route: Section): readonly string[] {
  const value = route.value("index");
  if (value === undefined) return STATIC_DEFAULTS.index;
  if (value.kind === "array") return value.items.length === 0 ? [] : route.all("index", textAs(parseIndex));
  return route.all("index", (one) => {
    const name = parseIndex(text(one));
    if (name.includes(" ")) throw new ValueError('names go into an array, as ["index.html", "index.htm"]');
    return name;
  });
}

/** It is looked for in the directory that was asked for. */
function parseIndex(written: string): string {
  if (written.startsWith("/")) throw new ValueError('it is looked for in each directory, so it begins without "/"');
  return parseFile(written);
}

/** Only an array: nginx's list with spaces would be the name of one file. */
function readTryFiles(route: Section): readonly string[] {
  const value = route.value("try-files");
  if (value === undefined) return STATIC_DEFAULTS.tryFiles;
  if (value.kind !== "array") {
    route.refuse("try-files", value, 'an array is needed, as ["$uri", "$uri/", "=404"]');
    return [];
  }
  if (value.items.length === 0) return [];
  const last = value.items.at(-1);
  return route.all("try-files", (item) => parseAttempt(text(item), item === last));
}

function parseAttempt(written: string, isLast: boolean): string {
  if (written.startsWith("=")) {
    if (!/^=[45]\d\d$/.test(written)) throw new ValueError("a status from =400 to =599 is needed");
    if (!isLast) throw new ValueError("a status stands last, since nothing is tried after it");
    return written;
  }
  if (written.startsWith("@")) throw new ValueError("there are no named locations; a file below the root is needed");
  const [variable] = OTHER_VARIABLE.exec(written) ?? [];
  if (variable !== undefined) throw new ValueError(`there is no variable "${variable}" here, only "$uri"`);
  // The root's path; no other one makes a dot segment of what stands around it, where this one does not.
  parsePath(written.replaceAll("$uri", "/"));
  return written;
}

function parseSpa(written: string): string {
  if (!written.startsWith("/")) throw new ValueError('a path below the root is needed, as "/index.html"');
  return parseFile(written);
}

/** The path of a file below a directory. */
function parseFile(written: string): string {
  if (written.endsWith("/")) throw new ValueError("a file is needed, not a directory");
  return parsePath(written);
}

/** A path that cannot leave the directory. */
function parsePath(written: string): string {
  if (written === "") throw new ValueError("the path is empty");
  if (/\p{Cc}/u.test(written)) throw new ValueError("a path holds no control characters");
  if (/(?:^|\/)\.\.?(?:\/|$)/.test(written)) throw new ValueError('a path holds no "." or ".." segments');
  return written;
}

function readTypes(route: Section): ReadonlyMap<string, string> {
  const form = /^[a-z0-9_+-]+$/;
  const state = 'an extension is needed, in small letters and without its dot, as md = "text/markdown"';
  return new Map(readTable(route, "types", (key) => form.test(key) ? null : state, mediaType));
}

function readCacheControl(route: Section): readonly CacheRule[] {
  const check = (pattern: string) =>
    pattern === "" || /\p{Cc}/u.test(pattern) ? 'a pattern of paths is needed, as "*.html" or "/assets/**"' : null;
  return readTable(route, "cache-control", check, textAs(parseCacheControl))
    .map(([pattern, value]) => ({ pattern, value }));
}

function parseCacheControl(written: string): string {
  if (written.trim() === "") throw new ValueError('a value is needed, as "no-cache"');
  if (/\p{Cc}/u.test(written)) throw new ValueError("a field's value holds no control characters");
  return written;
}

/** A table whose keys are free, in its order. `check` says what is wrong with a key, or null. */
function readTable<T>(
  route: Section,
  name: "types" | "cache-control",
  check: (key: string) => string | null,
  parse: Parse<T>,
): [key: string, value: T][] {
  const table = route.table(name);
  return (table?.free() ?? []).flatMap(([key, , place]): [string, T][] => {
    const state = check(key);
    if (state !== null) table?.mistake(place, `${name} "${key}": ${state}`);
    const value = table?.one(key, parse, null) ?? null;
    return state !== null || value === null ? [] : [[key, value]];
  });
}
