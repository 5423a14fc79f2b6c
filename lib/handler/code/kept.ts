/**
 * A module of the net as it is kept here, and what the fields of its response say of it.
 *
 * @module
 */
import { extname } from "@std/path";

/** A module of the net as it is kept here. */
export interface RemoteCopy {
  readonly path: string;
  /** The ending that says what kind of file it is; the copy's own may say nothing. */
  readonly extension: string;
}

/** What is known of a URL: its copy, or the URL that it stands for. */
export type Kept = { readonly copy: RemoteCopy } | { readonly redirect: string };

/** Finds what is known of a URL; null for nothing. */
export type FindKept = (url: string) => Promise<Kept | null>;

/** The fields of a response that matter, by their names in lower case. */
export type Fields = Readonly<Record<string, string>>;

/** What a response with these fields means, whose body is kept at `path`. */
export function keptAs(url: string, path: string, fields: Fields): Kept {
  const { location, "content-type": type = "" } = fields;
  if (location !== undefined) return { redirect: new URL(location, url).href };
  const extension = extname(new URL(url).pathname);
  return {
    copy: { path, extension: /^\.(?:[mc]?js|m?ts|[jt]sx|json|wasm)$/.test(extension) ? extension : endingFor(type) },
  };
}

/** The ending for a media type: a URL need not have one. */
function endingFor(type: string): string {
  if (/typescript|video\/mp2t/i.test(type)) return /x-typescript-jsx|tsx/i.test(type) ? ".tsx" : ".ts";
  if (/javascript|ecmascript/i.test(type)) return ".js";
  return /json/i.test(type) ? ".json" : "";
}

/** As lower-case hexadecimal digits. */
export async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
