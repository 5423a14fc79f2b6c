/**
 * Filters of system calls (seccomp(2)): programs that the kernel runs before every call of a thread, and of all that
 * it starts from then on. Linux on x86-64 and ARM64 only.
 *
 * @module
 */

/** Machines whose calls have numbers here. */
export type Architecture = "x86_64" | "aarch64";

/** By what the kernel calls them; `AUDIT_ARCH_*` of linux/audit.h. */
export const AUDIT: Readonly<Record<Architecture, number>> = { x86_64: 0xc000_003e, aarch64: 0xc000_00b7 };

/** Fields of struct seccomp_data, as offsets; of arguments the lower half. */
export const NUMBER = 0, ARCHITECTURE = 4, INSTRUCTION_POINTER = 8;
export const FIRST_ARGUMENT = 16, THIRD_ARGUMENT = 32, FOURTH_ARGUMENT = 40;
/** What a filter comes to; an error's number is added to the second. */
export const ALLOW = 0x7fff_0000, ERRNO = 0x0005_0000;

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
