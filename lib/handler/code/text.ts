/**
 * Reading the texts of modules.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

const METADATA = /\n\/\/ denoCacheMetadata=(\{.*\})\s*$/s;

/** The text without what Deno's cache has added. */
export function withoutMetadata(text: string): string {
  return text.replace(METADATA, "");
}

/** What Deno's cache has added to a text: JSON. */
export function metadataOf(text: string): string {
  return METADATA.exec(text)?.[1] ?? "{}";
}

/** A file's text; throws what the system says. */
export function readText(path: string): string {
  return withoutMetadata(Deno.readTextFileSync(path));
}

/** The same; null for what cannot be read. */
export function textAt(path: string): string | null {
  try {
    return readText(path);
  } catch {
    return null;
  }
}

/** The path of a `file:` URL, without what stands behind it. Throws for other URLs, and where no file can have the name. */
export function filePath(url: string): string {
  return fromFileUrl(url.replace(/[?#].*$/s, ""));
}

/** The same; null where {@linkcode filePath} throws. */
export function pathOf(url: string): string | null {
  try {
    return url.startsWith("file:") ? filePath(url) : null;
  } catch {
    return null; // not decodable: no file has this name
  }
}
