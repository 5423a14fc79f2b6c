/**
 * The `vendor/` directory that Deno makes of modules of the net when deno.json says `"vendor": true`.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { type Fields, type Kept, keptAs, sha256 } from "./kept.ts";

/** Finds what is kept of a URL; null for nothing. */
export async function findVendored(vendor: string, url: string): Promise<Kept | null> {
  const manifest = readManifest(vendor);
  const entry: unknown = Reflect.get(section(manifest, "modules"), url);
  const fields: Fields = Object(Reflect.get(Object(entry), "headers"));
  if (fields.location !== undefined) return keptAs(url, "", fields);
  const { origin, protocol, hostname, port, pathname, search } = new URL(url);
  const host = `${protocol === "http:" ? "http_" : ""}${hostname}${port === "" ? "" : `_${port}`}`;
  const segments = pathname.slice(1).split("/");
  const file = segments.pop() ?? "";
  let path = host, prefix = `${origin}/`;
  for (const segment of segments) {
    prefix += `${segment}/`;
    // A directory whose name would not do has another one.
    const renamed: unknown = Reflect.get(section(manifest, "folders"), prefix);
    path = typeof renamed === "string" ? renamed : join(path, segment);
  }
  const plain = join(vendor, path, file);
  const found = entry === undefined && search === "" ? plain : await hashed(dirname(plain), file + search);
  return found !== null && isFile(found) ? keptAs(url, found, fields) : null;
}

/** A file whose name would not do has the beginning of a hash at the end of another one. */
async function hashed(directory: string, name: string): Promise<string | null> {
  const end = `_${(await sha256(name)).slice(0, 5)}`;
  try {
    for (const entry of Deno.readDirSync(directory)) {
      if (entry.name.startsWith("#") && entry.name.replace(/\.\w+$/, "").endsWith(end)) {
        return join(directory, entry.name);
      }
    }
  } catch { /* there is no such directory */ }
  return null;
}

function readManifest(vendor: string): object {
  try {
    return Object(JSON.parse(Deno.readTextFileSync(join(vendor, "manifest.json"))));
  } catch {
    return {};
  }
}

function section(manifest: object, name: string): object {
  return Object(Reflect.get(manifest, name));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
