/**
 * Landlock, the kernel's own confinement of a process by itself (landlock(7)), through FFI: what kernels offer, a ruleset, and its
 * application. Linux only; there is no way back from it.
 *
 * @module
 */
import { StackdError } from "../errors.ts";

/** Rights below a path; `LANDLOCK_ACCESS_FS_*` of linux/landlock.h. */
export const FS = {
  execute: 1n << 0n,
  writeFile: 1n << 1n,
  readFile: 1n << 2n,
  readDir: 1n << 3n,
  removeDir: 1n << 4n,
  removeFile: 1n << 5n,
  makeChar: 1n << 6n,
  makeDir: 1n << 7n,
  makeReg: 1n << 8n,
  makeSock: 1n << 9n,
  makeFifo: 1n << 10n,
  makeBlock: 1n << 11n,
  makeSym: 1n << 12n,
  refer: 1n << 13n,
  truncate: 1n << 14n,
  ioctlDev: 1n << 15n,
} as const;

/** Rights on TCP ports; `LANDLOCK_ACCESS_NET_*`. */
export const NET = { bind: 1n << 0n, connect: 1n << 1n } as const;

/** What processes outside may not be reached by; `LANDLOCK_SCOPE_*`. */
export const SCOPE = { abstractUnixSocket: 1n << 0n, signal: 1n << 1n } as const;

/** Rights that make sense on what is no directory; the kernel refuses the others there. */
const ON_FILES = FS.execute | FS.writeFile | FS.readFile | FS.truncate | FS.ioctlDev;

/** What one version of Landlock can take away; 0n for what it knows nothing of. */
export interface LandlockAbi {
  /** 0: the kernel has no Landlock, or it is not enabled. */
  readonly version: number;
  readonly fs: bigint;
  readonly net: bigint;
  readonly scoped: bigint;
}

/** One exception from what is taken away. */
export type Rule =
  | { readonly kind: "path"; readonly path: string; readonly access: bigint }
  | { readonly kind: "port"; readonly port: number; readonly access: bigint };

/** What is taken away, and the exceptions. */
export interface Ruleset {
  readonly fs: bigint;
  readonly net: bigint;
  readonly scoped: bigint;
  readonly rules: readonly Rule[];
}

/** What the versions of Landlock have brought, for the one with this number. */
export function abiOf(version: number): LandlockAbi {
  const since = (least: number, rights: bigint) => version >= least ? rights : 0n;
  return {
    version,
    fs: since(1, FS.refer - 1n) | since(2, FS.refer) | since(3, FS.truncate) | since(5, FS.ioctlDev),
    net: since(4, NET.bind | NET.connect),
    scoped: since(6, SCOPE.abstractUnixSocket | SCOPE.signal),
  };
}

/** System calls' numbers, the same on every architecture (they are newer than the common numbering). */
const CREATE_RULESET = 444, ADD_RULE = 445;
export const RESTRICT_SELF = 446;
const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1, RULE_NET_PORT = 2;
const PR_SET_NO_NEW_PRIVS = 38;
const O_PATH = 0o10000000, O_CLOEXEC = 0o2000000;

const SYMBOLS = {
  // The numbers and arguments of these calls fit into what a C compiler would pass for them.
  syscall: { parameters: ["i64", "i64", "i64", "buffer", "i64"], result: "i64" },
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;
const CREATE_SYMBOLS = {
  syscall: { parameters: ["i64", "buffer", "usize", "u32"], result: "i64" },
} as const;

/** The version of Landlock that this kernel has; 0 for none. */
export function landlockVersion(): number {
  if (Deno.build.os !== "linux") return 0;
  try {
    const libc = Deno.dlopen("libc.so.6", CREATE_SYMBOLS);
    const version = Number(libc.symbols.syscall(BigInt(CREATE_RULESET), null, 0n, CREATE_RULESET_VERSION));
    libc.close();
    return Math.max(0, version);
  } catch {
    return 0; // another libc
  }
}

/** A ruleset that the kernel has, not applied yet. */
export interface MadeRuleset {
  /** By which it is applied; {@linkcode restrictSelf} and limitThread() close it. */
  readonly descriptor: number;
  /** The paths of rules that were left out, because nothing is there. */
  readonly missing: readonly string[];
}

/**
 * Gives the kernel a ruleset. Paths that are not there have no rule; rights that this kernel does not know are left out.
 *
 * @throws {StackdError} `STACKD_CONFINEMENT` (exit 1) when the kernel refuses.
 */
export function makeRuleset(ruleset: Ruleset, abi: LandlockAbi): MadeRuleset {
  const create = Deno.dlopen("libc.so.6", CREATE_SYMBOLS), libc = Deno.dlopen("libc.so.6", SYMBOLS);
  const { syscall, open, close } = libc.symbols;
  try {
    const [fs, net, scoped] = [ruleset.fs & abi.fs, ruleset.net & abi.net, ruleset.scoped & abi.scoped];
    const attributes = new BigUint64Array([fs, net, scoped]);
    const size = abi.version >= 6 ? 24n : abi.version >= 4 ? 16n : 8n;
    const fd = Number(create.symbols.syscall(BigInt(CREATE_RULESET), new Uint8Array(attributes.buffer), size, 0));
    if (fd < 0) throw refused("a Landlock ruleset");
    const missing: string[] = [];
    const add = (type: number, attribute: Uint8Array<ArrayBuffer>) =>
      syscall(BigInt(ADD_RULE), BigInt(fd), BigInt(type), attribute, 0n) === 0n;
    for (const rule of ruleset.rules) {
      if (rule.kind === "port") {
        const access = rule.access & net;
        if (access === 0n) continue;
        const attribute = new Uint8Array(new BigUint64Array([access, BigInt(rule.port)]).buffer);
        if (!add(RULE_NET_PORT, attribute)) throw refused(`a rule for port ${rule.port}`);
        continue;
      }
      const isDirectory = directoryAt(rule.path);
      const access = rule.access & fs & (isDirectory === false ? ON_FILES : ~0n);
      if (access === 0n) continue;
      const parent = isDirectory === null ? -1 : open(new TextEncoder().encode(`${rule.path}\0`), O_PATH | O_CLOEXEC);
      if (parent < 0) {
        missing.push(rule.path);
        continue;
      }
      // struct landlock_path_beneath_attr is packed: no room between its fields.
      const attribute = new Uint8Array(12), view = new DataView(attribute.buffer);
      view.setBigUint64(0, access, true);
      view.setInt32(8, parent, true);
      const added = add(RULE_PATH_BENEATH, attribute);
      close(parent);
      if (!added) throw refused(`a rule for "${rule.path}"`);
    }
    return { descriptor: fd, missing };
  } finally {
    libc.close();
    create.close();
  }
}

/**
 * Takes everything in a ruleset away from the calling thread, and from all threads and processes that it starts from now on: a
 * process is confined as a whole by an `execve` afterwards.
 *
 * @throws {StackdError} `STACKD_CONFINEMENT` (exit 1) when the kernel refuses.
 */
export function restrictSelf({ descriptor }: MadeRuleset): void {
  const libc = Deno.dlopen("libc.so.6", SYMBOLS), { syscall, prctl, close } = libc.symbols;
  try {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n) !== 0) throw refused("to give up new privileges");
    if (syscall(BigInt(RESTRICT_SELF), BigInt(descriptor), 0n, null, 0n) !== 0n) throw refused("the ruleset");
    close(descriptor);
  } finally {
    libc.close();
  }
}

function refused(what: string): StackdError {
  return new StackdError("STACKD_CONFINEMENT", `Cannot confine the handler: the kernel refuses ${what}`, {
    exitCode: 1,
  });
}

/** Whether there is a directory at `path`; null when there is nothing. */
function directoryAt(path: string): boolean | null {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return null;
  }
}
