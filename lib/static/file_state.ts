/**
 * What stands at a path at this moment: enough to tell whether something read earlier is still what is there.
 *
 * @module
 */
import { libc } from "../http1/libc.ts";

/** One state of what stands at a path; symlinks are followed. */
export interface FileState {
  readonly kind: "file" | "directory" | "other";
  /** Bytes. */
  readonly size: number;
  /** Modification time, ms since the epoch; null when unknown. */
  readonly mtime: number | null;
  /** When content or metadata was last changed, ms since the epoch: nobody can set that back. null when unknown. */
  readonly changed: number | null;
  /** Another one for every change that the system's timestamps show. */
  readonly identity: string;
}

const AT_FDCWD = -100, AT_EMPTY_PATH = 0x1000, STATX_BASIC_STATS = 0x7ff;
/** st_mode's kinds. */
const S_IFMT = 0o170000, S_IFDIR = 0o040000, S_IFREG = 0o100000;

// One look at a time: they are synchronous.
const buffer = new Uint8Array(256), words = new Uint32Array(buffer.buffer);
const encoder = new TextEncoder();
const EMPTY = new Uint8Array(1);

/**
 * What stands at `path`; null when nothing does, or it cannot be seen. Deno's own call throws for what is missing, which costs
 * four times the system's; a search for files is mostly about what is missing.
 */
export function look(path: string): FileState | null {
  const statx = libc()?.statx ?? null;
  if (statx === null) return lookSlowly(path);
  if (path.includes("\0")) return null;
  return statx(AT_FDCWD, encoder.encode(`${path}\0`), 0, STATX_BASIC_STATS, buffer) === 0 ? stateInBuffer() : null;
}

/** What a descriptor is of; null when that cannot be told. */
export function lookAtDescriptor(fd: number): FileState | null {
  return libc()?.statx?.(fd, EMPTY, AT_EMPTY_PATH, STATX_BASIC_STATS, buffer) === 0 ? stateInBuffer() : null;
}

function stateInBuffer(): FileState {
  const format = (words[7] & 0xffff) & S_IFMT;
  const size = wide(10), modified = milliseconds(28), changed = milliseconds(24);
  return {
    kind: format === S_IFREG ? "file" : format === S_IFDIR ? "directory" : "other",
    size,
    mtime: modified,
    changed: Math.max(modified, changed),
    identity: `${words[34]}:${words[35]}:${wide(8)}:${size}:${wide(28)}.${words[30]}:${wide(24)}.${words[26]}`,
  };
}

function wide(word: number): number {
  return words[word] + words[word + 1] * 0x1_0000_0000;
}

/** A time: 64 bits of seconds, signed, and 32 of nanoseconds. */
function milliseconds(word: number): number {
  const seconds = words[word] + (words[word + 1] | 0) * 0x1_0000_0000;
  return seconds * 1_000 + Math.floor(words[word + 2] / 1_000_000);
}

/** The same by Deno's call, with times in ms. */
export function lookSlowly(path: string): FileState | null {
  try {
    const { isFile, isDirectory, size, mtime, ctime, dev, ino } = Deno.statSync(path);
    const modified = mtime?.getTime() ?? null, changed = ctime?.getTime() ?? modified;
    return {
      kind: isFile ? "file" : isDirectory ? "directory" : "other",
      size,
      mtime: modified,
      changed: changed === null ? null : Math.max(changed, modified ?? changed),
      identity: `${dev}:${ino}:${size}:${modified}:${changed}`,
    };
  } catch {
    return null;
  }
}
