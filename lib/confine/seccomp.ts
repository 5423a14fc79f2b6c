/**
 * Filters of system calls (seccomp(2)): programs of the classic BPF that the kernel runs before every call of a thread, and of all that
 * it starts from then on. Linux on x86-64 and ARM64 only.
 *
 * @module
 */

/** One instruction of a filter (struct sock_filter). */
export type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];
/** Machines whose calls have numbers here. */
export type Architecture = "x86_64" | "aarch64";

/** By what the kernel calls them; `AUDIT_ARCH_*` of linux/audit.h. */
export const AUDIT: Readonly<Record<Architecture, number>> = { x86_64: 0xc000_003e, aarch64: 0xc000_00b7 };

/** Fields of struct seccomp_data, as offsets; of arguments the lower half. */
export const NUMBER = 0, ARCHITECTURE = 4, FIRST_ARGUMENT = 16, THIRD_ARGUMENT = 32;
/** Codes of instructions (linux/filter.h). */
export const LOAD = 0x20, JUMP_IF_EQUAL = 0x15, JUMP_IF_NOT_LESS = 0x35, RETURN = 0x06;
/** What a filter comes to; an error's number is added to the second. */
export const ALLOW = 0x7fff_0000, ERRNO = 0x0005_0000;

const PR_SET_SECCOMP = 22, SECCOMP_MODE_FILTER = 2n;

/** This machine's, if there can be filters on it; else null. */
export function architecture(): Architecture | null {
  const { os, arch } = Deno.build;
  return os === "linux" && (arch === "x86_64" || arch === "aarch64") ? arch : null;
}

/**
 * The path of the C library, which the isolate must be allowed to load for a moment: to a permission, a name without a path is one
 * in the working directory. Null where it cannot be told.
 */
export function libcPath(): string | null {
  try {
    return /\s(\/\S+\/libc[.-]\S*so\S*)$/m.exec(Deno.readTextFileSync("/proc/self/maps"))?.[1] ?? null;
  } catch {
    return null;
  }
}

/** A filter in this process's memory. */
export interface Filter {
  /** Where it stands; as long as this object lives. */
  readonly address: bigint;
  /** What keeps it there. */
  readonly memory: readonly Uint8Array<ArrayBuffer>[];
}

/** Puts a filter into memory. It takes a thread that may use any library. */
export function makeFilter(program: readonly Instruction[]): Filter {
  const instructions = new Uint8Array(program.length * 8), view = new DataView(instructions.buffer);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value, true);
  }
  // struct sock_fprog: a length, padding, a pointer.
  const header = new Uint8Array(16), fields = new DataView(header.buffer);
  fields.setUint16(0, program.length, true);
  fields.setBigUint64(8, addressOf(instructions), true);
  return { address: addressOf(header), memory: [header, instructions] };
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

/**
 * Applies the filters at `addresses` to the calling thread, and to all that it starts from now on. Where the system refuses, nothing
 * is filtered.
 *
 * @param libc {@linkcode libcPath}: the only library that this thread has to be allowed.
 */
export function applyFilters(addresses: readonly bigint[], libc: string): void {
  try {
    const library = Deno.dlopen(libc, { prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" } });
    for (const address of addresses) library.symbols.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address, 0n, 0n);
    library.close();
  } catch { /* another libc */ }
}
