/**
 * What programs that a handler starts may not do though Landlock lets them: Deno does not hold them, and Landlock knows neither unix
 * sockets and packets nor the modes, owners and times of files. A filter refuses the calls.
 *
 * @module
 */
import { allowsName, allowsSome } from "../config/grant.ts";
import type { Permissions } from "../config/permissions.ts";
import { type Instruction, JUMP_IF_EQUAL, JUMP_IF_NOT_LESS, LOAD, RETURN } from "./bpf.ts";
import { ALLOW, ARCHITECTURE, type Architecture, AUDIT, ERRNO, FIRST_ARGUMENT, NUMBER } from "./seccomp.ts";

const EPERM = 1;
/** Families of sockets; by the last the kernel tells of its interfaces and routes. */
const AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16;
/** Calls of x86-64 with pointers of 32 bits begin here; ARM64 has none. */
const X32 = 0x4000_0000;

const CALLS = {
  x86_64: {
    socket: 41,
    // ptrace process_vm_readv process_vm_writev io_uring_setup pidfd_getfd add_key request_key keyctl
    others: [101, 310, 311, 425, 438, 248, 249, 250],
    // setpriority ioprio_set
    priorities: [141, 251],
    // sched_setparam sched_setscheduler sched_setaffinity migrate_pages move_pages prlimit64 sched_setattr
    ofProcesses: [142, 144, 203, 256, 279, 302, 314],
    // reboot swapon swapoff settimeofday clock_settime sethostname setdomainname kexec_load kexec_file_load init_module finit_module
    // delete_module bpf perf_event_open
    machine: [169, 167, 168, 164, 227, 170, 171, 246, 320, 175, 313, 176, 321, 298],
    // chmod fchmod chown fchown lchown utime setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr utimes fchownat
    // futimesat fchmodat utimensat fchmodat2 setxattrat removexattrat file_setattr
    // deno-fmt-ignore
    attributes: [90, 91, 92, 93, 94, 132, 188, 189, 190, 197, 198, 199, 235, 260, 261, 268, 280, 452, 463, 466, 469],
  },
  aarch64: {
    socket: 198,
    others: [117, 270, 271, 425, 438, 217, 218, 219],
    priorities: [140, 30],
    ofProcesses: [118, 119, 122, 238, 239, 261, 274],
    machine: [142, 224, 225, 170, 112, 161, 162, 104, 294, 105, 273, 106, 280, 241],
    // setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr fchmod fchmodat fchownat fchown utimensat fchmodat2
    // setxattrat removexattrat file_setattr
    // deno-fmt-ignore
    attributes: [5, 6, 7, 14, 15, 16, 52, 53, 54, 55, 88, 452, 463, 466, 469],
  },
} as const;

/**
 * The filter for a handler with these permissions, and for its programs; null when it may start none. Refused, by EPERM, are:
 *
 * - access to the memory and descriptors of other processes and to the kernel's keyrings, and io_uring, by which calls pass no filter;
 * - limits, CPUs and priorities of other processes, by which they could be ended; of all processes, unless `--allow-sys` allows that;
 * - what changes the machine, which root may: its clock, name, modules;
 * - unix sockets, unless `--allow-net` names one; those of the internet, UDP too, unless it names a host; all others, unless it is all
 *   of the net;
 * - changes of modes, owners, times and extended attributes, unless something may be written;
 * - every call of programs for another kind of machine, whose numbers mean something else.
 */
export function programLimits(
  { run, net, write, sys }: Pick<Permissions, "run" | "net" | "write" | "sys">,
  architecture: Architecture,
): readonly Instruction[] | null {
  if (!allowsSome(run)) return null;
  const calls = CALLS[architecture];
  const local = net !== "all" && net.some((host) => host.startsWith("unix:"));
  const remote = net !== "all" && net.some((host) => !host.startsWith("unix:"));
  const families = [AF_NETLINK, ...local ? [AF_UNIX] : [], ...remote ? [AF_INET, AF_INET6] : []];
  const refused = [
    ...calls.others,
    ...calls.machine,
    ...allowsName(sys, "setPriority") ? [] : calls.priorities,
    ...allowsSome(write) ? [] : calls.attributes,
  ];
  const { ofProcesses } = calls;
  // Jumps count what lies between.
  const last = families.length - 1;
  const sockets: Instruction[] = net === "all" ? [] : [
    [JUMP_IF_EQUAL, 0, families.length + 1, calls.socket],
    [LOAD, 0, 0, FIRST_ARGUMENT],
    ...families.map((family, index): Instruction => [JUMP_IF_EQUAL, last - index, index === last ? 1 : 0, family]),
  ];
  const between = ofProcesses.length + sockets.length;
  return [
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_IF_EQUAL, 0, refused.length + between + 3, AUDIT[architecture]],
    [LOAD, 0, 0, NUMBER],
    [JUMP_IF_NOT_LESS, refused.length + between + 1, 0, X32],
    ...refused.map((call, index): Instruction => [JUMP_IF_EQUAL, refused.length - index + between, 0, call]),
    ...ofProcesses.map((call, index): Instruction => [JUMP_IF_EQUAL, between - index + 1, 0, call]),
    ...sockets,
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO | EPERM],
    // Of which process? 0 is the one that calls.
    [LOAD, 0, 0, FIRST_ARGUMENT],
    [JUMP_IF_EQUAL, 0, 1, 0],
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO | EPERM],
  ];
}
