/**
 * Packages of JSR, by what of the registry is here already (https://jsr.io/docs/api#registry-api).
 *
 * @module
 */
import { compare, parseRange, satisfies, type SemVer, tryParse } from "@std/semver";
import type { FindKept } from "./kept.ts";
import { withoutMetadata } from "./text.ts";
import type { PackageReference } from "./specifier.ts";

/** The URL of a package's module: the newest version that its range admits and that is here. Null when there is none. */
export async function jsrUrl(
  { name, range, subpath }: PackageReference,
  registry: string,
  findKept: FindKept,
): Promise<string | null> {
  const versions = Object.keys(Object(Reflect.get(await json(`${registry}/${name}/meta.json`, findKept), "versions")));
  for (const version of admitted(versions, range)) {
    const content = await json(`${registry}/${name}/${version}_meta.json`, findKept);
    const target: unknown = Reflect.get(Object(Reflect.get(content, "exports")), subpath);
    if (typeof target === "string") return new URL(target, `${registry}/${name}/${version}/`).href;
  }
  return null;
}

/** Newest first. */
function admitted(versions: readonly string[], range: string | null): string[] {
  const parsed: (readonly [string, SemVer])[] = [];
  for (const text of versions) {
    const version = tryParse(text);
    if (version !== undefined && admits(range, version)) parsed.push([text, version]);
  }
  return parsed.sort(([, a], [, b]) => compare(b, a)).map(([text]) => text);
}

function admits(range: string | null, version: SemVer): boolean {
  try {
    return range === null || satisfies(version, parseRange(range));
  } catch {
    return false;
  }
}

async function json(url: string, findKept: FindKept): Promise<object> {
  try {
    const kept = await findKept(url);
    if (kept === null || !("copy" in kept)) return {};
    return Object(JSON.parse(withoutMetadata(Deno.readTextFileSync(kept.copy.path))));
  } catch {
    return {};
  }
}
