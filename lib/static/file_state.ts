/**
 * What stands at a path at this moment: enough to tell whether something read earlier is still what is there.
 *
 * @module
 */
import { cString, ENOENT, ENOTDIR, fileCalls } from "../http1/file_calls.ts";

/** One state of what stands at a path; symlinks are followed. Nothing is known of what is "unseen": whether it is there, either. */
export interface FileState {
  readonly kind: "file" | "directory" | "other" | "unseen";
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
const buffer = new Uint8Array(256), words = new Uint32Array(buffer.buffer), halves = new Uint16Array(buffer.buffer);
const EMPTY = new Uint8Array(1);

/** What may not be looked at. */
const UNSEEN: FileState = Object.freeze({ kind: "unseen", size: 0, mtime: null, changed: null, identity: "" });

/**
 * What stands at `path`; null when certainly nothing does. Deno's own call throws for what is missing, which costs
 * many times the system's; a search for files is mostly about what is missing.
 */
export function look(path: string): FileState | null {
  const calls = fileCalls();
  if (calls === null) return lookSlowly(path);
  const name = cString(path);
  if (name === null) return null;
  if (calls.statx(AT_FDCWD, name, 0, STATX_BASIC_STATS, buffer) === 0) return stateInBuffer();
  const errno = calls.errno();
  return errno === ENOENT || errno === ENOTDIR ? null : UNSEEN;
}

/** What a descriptor is of; null when that cannot be told. */
export function lookAtDescriptor(fd: number): FileState | null {
  return fileCalls()?.statx(fd, EMPTY, AT_EMPTY_PATH, STATX_BASIC_STATS, buffer) === 0 ? stateInBuffer() : null;
}

function stateInBuffer(): FileState {
  const format = (words[7] & 0xffff) & S_IFMT;
  const modified = milliseconds(28), changed = milliseconds(24);
  return {
    kind: format === S_IFREG ? "file" : format === S_IFDIR ? "directory" : "other",
    size: wide(10),
    mtime: modified,
    changed: Math.max(modified, changed),
    identity: identityInBuffer(),
  };
}

/**
 * Device, inode, size and both times, as the 16-bit units of a text that nobody reads: to print the numbers would cost as much as
 * the system's call. Seconds have 48 bits.
 */
function identityInBuffer(): string {
  const h = halves;
  // deno-fmt-ignore
  return String.fromCharCode(
    h[68], h[70], h[71], h[16], h[17], h[18], h[19], h[20], h[21], h[22], h[23],
    h[56], h[57], h[58], h[60], h[61], h[48], h[49], h[50], h[52], h[53],
  );
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
    return stateOf(Deno.statSync(path));
  } catch (error) {
    const isNothing = path.includes("\0") || error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    return isNothing ? null : UNSEEN;
  }
}

/** What Deno's calls tell of a file as a state. */
export function stateOf({ isFile, isDirectory, size, mtime, ctime, dev, ino }: Deno.FileInfo): FileState {
  const modified = mtime?.getTime() ?? null, changed = ctime?.getTime() ?? modified;
  return {
    kind: isFile ? "file" : isDirectory ? "directory" : "other",
    size,
    mtime: modified,
    changed: changed === null ? null : Math.max(changed, modified ?? changed),
    identity: `${dev}:${ino}:${size}:${modified}:${changed}`,
  };
}
