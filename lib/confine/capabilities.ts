/**
 * What root may do to the machine and see of other processes, and a confined worker and its programs may not (capabilities(7)): Landlock
 * knows nothing of it, and a filter of calls not what is behind them. Linux only.
 *
 * @module
 */
import type { Permissions } from "../config/permissions.ts";

/** The highest that there may be. */
const LAST = 63;
/**
 * What files, other limits, and the programs' own processes need: chown dac_override dac_read_search fowner fsetid kill setgid setuid
 * setpcap net_bind_service ipc_lock ipc_owner sys_chroot sys_nice sys_resource lease setfcap.
 */
const HARMLESS = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 14, 15, 18, 23, 24, 28, 31]);
/** By it one reads what others send, and TCP's ports are nobody's. */
const NET_RAW = 13;

const PR_CAPBSET_DROP = 24, PR_CAP_AMBIENT = 47, PR_CAP_AMBIENT_LOWER = 3n;
const SYMBOLS = { prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" } } as const;

/** The capabilities, by their numbers, that a worker with these permissions does not have even where it is root's. */
export function capabilitiesToDrop({ net }: Pick<Permissions, "net">): readonly number[] {
  const all = Array.from({ length: LAST + 1 }, (_, capability) => capability);
  return all.filter((capability) => !HARMLESS.has(capability) && !(capability === NET_RAW && net === "all"));
}

/** Takes capabilities from what this process goes on as, and starts, from now on. Who has none needs not lose any. */
export function dropCapabilities(capabilities: readonly number[]): void {
  const libc = Deno.dlopen("libc.so.6", SYMBOLS), { prctl } = libc.symbols;
  for (const capability of capabilities.map(BigInt)) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, capability, 0n, 0n);
    prctl(PR_CAPBSET_DROP, capability, 0n, 0n, 0n);
  }
  libc.close();
}
