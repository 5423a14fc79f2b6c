/**
 * A descriptor that one thread cannot use, though its process has it open: node's modules adopt any descriptor by its number, and
 * ask nobody. A seccomp filter (seccomp(2)) answers as if it were closed. Linux on x86-64 and ARM64 only.
 *
 * @module
 */

/** What can be done with a descriptor that is a socket or a pipe: the calls that have it as their first argument. */
const CALLS = {
  x86_64: {
    audit: 0xc000_003e,
    // read write close ioctl pread64 pwrite64 readv writev dup dup2 sendfile connect accept sendto recvfrom sendmsg recvmsg
    // shutdown setsockopt getsockopt fcntl splice tee vmsplice accept4 dup3 recvmmsg sendmmsg preadv2 pwritev2
    // deno-fmt-ignore
    calls: [0, 1, 3, 16, 17, 18, 19, 20, 32, 33, 40, 42, 43, 44, 45, 46, 47, 48, 54, 55, 72, 275, 276, 278, 288, 292, 299, 307, 327, 328],
    epollControl: 233,
  },
  aarch64: {
    audit: 0xc000_00b7,
    // dup dup3 fcntl ioctl close read write readv writev pread64 pwrite64 sendfile vmsplice splice tee accept connect sendto
    // recvfrom setsockopt getsockopt shutdown sendmsg recvmsg accept4 recvmmsg sendmmsg preadv2 pwritev2
    // deno-fmt-ignore
    calls: [23, 24, 25, 29, 57, 63, 64, 65, 66, 67, 68, 71, 75, 76, 77, 202, 203, 206, 207, 208, 209, 210, 211, 212, 242, 243, 269, 286, 287],
    epollControl: 21,
  },
} as const;

/** Fields of struct seccomp_data, as offsets; of arguments the lower half. */
const NUMBER = 0, ARCHITECTURE = 4, FIRST_ARGUMENT = 16, THIRD_ARGUMENT = 32;
/** Instructions of the classic BPF (linux/filter.h). */
const LOAD = 0x20, JUMP_IF_EQUAL = 0x15, RETURN = 0x06;
const ALLOW = 0x7fff_0000, ERRNO = 0x0005_0000, EBADF = 9;
const PR_SET_SECCOMP = 22, SECCOMP_MODE_FILTER = 2n;

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

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** The filter's program. */
export function filterFor(fd: number, architecture: keyof typeof CALLS): readonly Instruction[] {
  const { audit, calls, epollControl } = CALLS[architecture];
  const deny = calls.length;
  return [
    // Almost every call ends at the third of these instructions or at the fifth.
    [LOAD, 0, 0, FIRST_ARGUMENT],
    [JUMP_IF_EQUAL, 5, 0, fd],
    [LOAD, 0, 0, NUMBER],
    [JUMP_IF_EQUAL, 0, 2, epollControl],
    [LOAD, 0, 0, THIRD_ARGUMENT],
    [JUMP_IF_EQUAL, 5 + deny, 0, fd],
    [RETURN, 0, 0, ALLOW],
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_IF_EQUAL, 0, deny + 1, audit],
    [LOAD, 0, 0, NUMBER],
    ...calls.map((call, index): Instruction => [JUMP_IF_EQUAL, deny - index, 0, call]),
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO | EBADF],
  ];
}

/** A filter in this process's memory. */
export interface Filter {
  /** Where it stands; as long as this object lives. */
  readonly address: bigint;
  /** What keeps it there. */
  readonly memory: readonly Uint8Array<ArrayBuffer>[];
}

/** Makes the filter that hides `fd`; null where there can be none. It takes a thread that may use any library. */
export function makeFilter(fd: number): Filter | null {
  const { os, arch } = Deno.build;
  if (fd < 0 || os !== "linux" || !(arch in CALLS)) return null;
  const program = filterFor(fd, arch);
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
 * Applies the filter at `address` to the calling thread, and to all that it starts from now on. Where the system refuses, nothing
 * is hidden.
 *
 * @param libc {@linkcode libcPath}: the only library that this thread has to be allowed.
 */
export function applyFilter(address: bigint, libc: string): void {
  try {
    const library = Deno.dlopen(libc, { prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" } });
    library.symbols.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address, 0n, 0n);
    library.close();
  } catch { /* another libc */ }
}
