/**
 * What one thread, and all that it starts, may do less than its process: the handler's isolate puts its sockets in place by what
 * it is not to have afterwards.
 *
 * @module
 */
import { RESTRICT_SELF } from "./landlock.ts";

/** Made by another thread, which may use any library. */
export interface ThreadLimits {
  /** A Landlock ruleset's descriptor (landlock(7)), beside the one that holds the process; null for none. */
  readonly ruleset: number | null;
  /** The addresses of filters of system calls (seccomp(2)), in this process's memory. */
  readonly filters: readonly bigint[];
}

const PR_SET_SECCOMP = 22, SECCOMP_MODE_FILTER = 2n;
const SYMBOLS = {
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  syscall: { parameters: ["i64", "i64", "i64"], result: "i64" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/**
 * Applies limits to the calling thread, and to all that it starts from now on. What the system refuses does not hold. The process has
 * given up new privileges before.
 *
 * @param libc libcPath(): the only library that this thread has to be allowed.
 */
export function limitThread({ ruleset, filters }: ThreadLimits, libc: string): void {
  try {
    const library = Deno.dlopen(libc, SYMBOLS), { prctl, syscall, close } = library.symbols;
    if (ruleset !== null) {
      syscall(BigInt(RESTRICT_SELF), BigInt(ruleset), 0n);
      close(ruleset);
    }
    for (const address of filters) prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address, 0n, 0n);
    library.close();
  } catch { /* another libc */ }
}
