/**
 * A filter by which a thread loads no more libraries: WebGPU asks for those of graphics, which load whatever the environment names, and
 * so native code that nobody has allowed. The dynamic loader maps no files any more; that of a program which the thread starts lies
 * elsewhere in memory, and does.
 *
 * @module
 */
import { AND, type Instruction, JUMP_IF_EQUAL, JUMP_IF_NOT_LESS, LOAD, RETURN } from "./bpf.ts";
import { ALLOW, type Architecture, ERRNO, FOURTH_ARGUMENT, INSTRUCTION_POINTER, NUMBER } from "./seccomp.ts";

const EPERM = 1, MAP_ANONYMOUS = 0x20;
const MMAP: Readonly<Record<Architecture, number>> = { x86_64: 9, aarch64: 222 };

/** Where code lies in memory, as far as it has the same upper half of its addresses. */
export interface CodeRange {
  readonly upper: number;
  readonly from: number;
  readonly to: number;
}

/** Where the dynamic loader's code lies, by what /proc/self/maps says; null where there is none. */
export function loaderIn(maps: string): CodeRange | null {
  const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r-xp .*\/ld[-.][^/]*\.so[^/]*$/m.exec(maps) ?? [];
  if (from === undefined) return null;
  const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`) - 1n];
  const lower = (address: bigint) => Number(address & 0xffff_ffffn);
  return {
    upper: Number(start >> 32n),
    from: lower(start),
    to: start >> 32n === end >> 32n ? lower(end) : 0xffff_ffff,
  };
}

/** The filter's program. */
export function loadNothing({ upper, from, to }: CodeRange, architecture: Architecture): readonly Instruction[] {
  return [
    [LOAD, 0, 0, NUMBER],
    [JUMP_IF_EQUAL, 0, 8, MMAP[architecture]],
    [LOAD, 0, 0, FOURTH_ARGUMENT],
    [AND, 0, 0, MAP_ANONYMOUS],
    [JUMP_IF_EQUAL, 0, 5, 0],
    [LOAD, 0, 0, INSTRUCTION_POINTER + 4],
    [JUMP_IF_EQUAL, 0, 3, upper],
    [LOAD, 0, 0, INSTRUCTION_POINTER],
    [JUMP_IF_NOT_LESS, 0, 1, from],
    [JUMP_IF_NOT_LESS, 0, 1, to],
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO | EPERM],
  ];
}

/** The libraries by which the system finds hosts beside files and DNS (nsswitch.conf(5)), which would be loaded when they are needed. */
export function hostLibraries(nsswitch: string): readonly string[] {
  const [, line = ""] = /^\s*hosts:(.*)$/m.exec(nsswitch) ?? [];
  const names = line.replaceAll(/\[[^\]]*\]|#.*/g, " ").split(/\s+/).filter((name) => /^\w+$/.test(name));
  return names.filter((name) => name !== "files" && name !== "dns").map((name) => `libnss_${name}.so.2`);
}
