/**
 * libc's calls on files, beside those on sockets in `libc.ts`: without a thread switch, without an exception for what is merely
 * missing, and with flags that Deno has no words for. Linux with glibc 2.28 or later; null elsewhere, and each user says what it
 * does without.
 *
 * @module
 */

const SYMBOLS = {
  syscall: { parameters: ["i32", "i32", "buffer", "buffer", "u32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  pread64: { parameters: ["i32", "buffer", "u32", "i64"], result: "i32" },
  readlink: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** Beside libc's calls by their own names, what takes more than one of them. Paths end in a NUL: {@linkcode cString}. */
export type FileCalls = Omit<Deno.DynamicLibrary<typeof SYMBOLS>["symbols"], "syscall" | "__errno_location"> & {
  /** Opens an absolute path that has no symlink in it, not even as its last name; negative when it has, or for any other reason. */
  openWithoutLinks(path: Uint8Array<ArrayBuffer>, how: How): number;
  /** Why the call before this one failed. */
  errno(): number;
};

/** openat2(2)'s `struct open_how`, as bytes. */
export type How = Uint8Array<ArrayBuffer>;

/** Linux's flags, on x86-64 and arm64 alike; node's constants leave O_PATH out. */
export const O_PATH = 0o10000000;
/** O_NONBLOCK: should a FIFO be there by now, nobody waits for its writer. */
const O_NONBLOCK = 0o4000, O_NOCTTY = 0o400, O_CLOEXEC = 0o2000000;
/** For reading what was a regular file when it was last looked at. */
export const READING = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

export const ENOENT = 2, ENOTDIR = 20;

const OPENAT2 = 437, AT_FDCWD = -100, RESOLVE_NO_SYMLINKS = 4, ENOSYS = 38;

/** For {@linkcode FileCalls.openWithoutLinks}. */
export function how(flags: number): How {
  return new Uint8Array(new BigUint64Array([BigInt(flags | O_CLOEXEC), 0n, BigInt(RESOLVE_NO_SYMLINKS)]).buffer);
}

let opened: FileCalls | null | undefined;

/** The calls, opened when they are first needed; null where there are none that are known. */
export function fileCalls(): FileCalls | null {
  if (opened === undefined) opened = Deno.build.os === "linux" ? open() : null;
  return opened;
}

function open(): FileCalls | null {
  try {
    const { syscall, __errno_location, ...calls } = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
    const place = __errno_location();
    if (place === null) return null;
    const errno = new Deno.UnsafePointerView(place);
    // Linux 5.6 has it. An old container's filter may say EPERM for it, as a directory might: that is asked again.
    let isKnown = true;
    return {
      ...calls,
      errno: () => errno.getInt32(),
      openWithoutLinks: (path, how) => {
        if (!isKnown) return -1;
        const fd = syscall(OPENAT2, AT_FDCWD, path, how, how.length);
        if (fd < 0 && errno.getInt32() === ENOSYS) isKnown = false;
        return fd;
      },
    };
  } catch {
    return null;
  }
}

/** Linux's PATH_MAX: no longer path can be opened. */
const LONGEST = 4_096;
const path = new Uint8Array(LONGEST), encoder = new TextEncoder();

/** `text` in UTF-8 with a NUL behind it, good until the next; null for what can be no path. */
export function cString(text: string): Uint8Array<ArrayBuffer> | null {
  const { length } = text;
  if (length >= LONGEST) return null;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0) return null;
    if (unit >= 128) return encoded(text);
    path[i] = unit;
  }
  path[length] = 0;
  return path;
}

function encoded(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.includes("\0")) return null;
  const { read, written } = encoder.encodeInto(text, path);
  if (read < text.length || written === LONGEST) return null;
  path[written] = 0;
  return path;
}
