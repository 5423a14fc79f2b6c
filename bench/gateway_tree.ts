/**
 * A process with all that descend from it: their CPU time and their memory.
 *
 * @module
 */

/** One of them. */
export interface Member {
  readonly pid: number;
  /** Generations below the first, which has 0. */
  readonly depth: number;
  /** CPU time, user and system, in µs. */
  readonly cpu: number;
}

/** Memory in KiB, from `/proc/PID/smaps_rollup`. */
export interface Memory {
  readonly rss: number;
  /** With what is shared divided among those that share it. */
  readonly pss: number;
}

const TICK = 10_000; // µs; USER_HZ is 100 on Linux

/** The process `pid`, then its descendants, parents first; nothing when it has ended. */
export function treeOf(pid: number): Member[] {
  const children = new Map<number, number[]>(), cpu = new Map<number, number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z") continue;
      const parent = Number(fields[1]);
      children.set(parent, [...children.get(parent) ?? [], Number(name)]);
      cpu.set(Number(name), (Number(fields[11]) + Number(fields[12])) * TICK);
    } catch { /* it ended meanwhile */ }
  }
  const own = cpu.get(pid);
  const members = own === undefined ? [] : [{ pid, depth: 0, cpu: own }];
  for (const { pid, depth } of members) {
    for (const child of children.get(pid) ?? []) {
      members.push({ pid: child, depth: depth + 1, cpu: cpu.get(child) ?? 0 });
    }
  }
  return members;
}

/** CPU time of a process and all its descendants, in µs. */
export function cpuOfTree(pid: number): number {
  return treeOf(pid).reduce((sum, { cpu }) => sum + cpu, 0);
}

/** What a process holds. */
export function memoryOf(pid: number): Memory {
  const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  const field = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(rollup)?.[1]);
  return { rss: field("Rss"), pss: field("Pss") };
}

/** A process's arguments, the program's name first. */
export function argumentsOf(pid: number): string[] {
  return Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
}
