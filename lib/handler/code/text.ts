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

/** The path of a `file:` URL, without what stands behind it; null for other URLs. */
export function pathOf(url: string): string | null {
  try {
    return url.startsWith("file:") ? fromFileUrl(url.replace(/[?#].*$/s, "")) : null;
  } catch {
    return null; // not decodable: no file has this name
  }
}
