/**
 * What a graph of code was found out from, read again: its files, and whatever else was looked at on the way.
 *
 * @module
 */
import { joined } from "../../pieces.ts";
import { versionOf } from "../../process/file_version.ts";
import { readCode } from "./read.ts";
import type { CodeFile } from "./trace.ts";

/** More bytes than this are not read only to save looking for them. */
const MOST = 64 * 1_048_576;

/** All of it as it is now. */
export interface Sources {
  /** The files, with their bytes. */
  readonly contents: readonly (readonly [file: CodeFile, bytes: Uint8Array])[];
  /** What each file was just before it was read, by its path; see `versionOf()`. */
  readonly seen: ReadonlyMap<string, string>;
  /** When any of it was changed last, epoch ms. */
  readonly newest: number;
  /** What the hash is over. */
  readonly parts: readonly Uint8Array[];
}

/**
 * Reads it.
 *
 * @param consulted Paths: files, directories, and where nothing was found.
 * @returns null when a file cannot be read, or it is too much.
 */
export function sourcesOf(files: readonly CodeFile[], consulted: readonly string[]): Sources | null {
  const contents: [CodeFile, Uint8Array][] = [], seen = new Map<string, string>(), parts: Uint8Array[] = [];
  let newest = 0, total = 0;
  const take = (path: string, content: Uint8Array | null) => {
    const there = look(path);
    newest = Math.max(newest, there.changed);
    const body = content ?? (there.kind === "file" ? readCode(path, () => true) : null);
    total += body?.length ?? 0;
    parts.push(new TextEncoder().encode(`${path}\0${there.kind}\0${there.real}\0${body?.length ?? -1}\0`));
    if (body !== null) parts.push(body);
  };
  for (const file of files) {
    const { path } = file;
    seen.set(path, versionOf(path));
    const content = readCode(path, () => true);
    if (content === null || total > MOST) return null;
    contents.push([file, content]);
    take(path, content);
  }
  for (const path of consulted) {
    seen.set(path, versionOf(path));
    take(path, null);
  }
  return { contents, seen, newest, parts };
}

/** The hash of everything, as text. */
export async function hashOf({ parts }: Sources): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(parts))).toHex();
}

interface Place {
  readonly kind: "file" | "directory" | "none";
  /** Where symbolic links lead. */
  readonly real: string;
  /** When it, or the link to it, was changed last, epoch ms; 0 for a directory, in which much changes that is of no account. */
  readonly changed: number;
}

function look(path: string): Place {
  try {
    const link = Deno.lstatSync(path), { isFile, ctime } = link.isSymlink ? Deno.statSync(path) : link;
    const times = [isFile ? ctime : null, link.isSymlink ? link.ctime : null].map((time) => time?.getTime() ?? 0);
    return { kind: isFile ? "file" : "directory", real: Deno.realPathSync(path), changed: Math.max(...times) };
  } catch {
    return { kind: "none", real: "", changed: 0 };
  }
}
