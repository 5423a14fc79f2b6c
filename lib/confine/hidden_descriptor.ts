/**
 * A descriptor that one thread cannot use, though its process has it open: node's modules adopt any descriptor by its number, and
 * ask nobody. A filter answers as if it were closed.
 *
 * @module
 */
import { type Instruction, JUMP_IF_EQUAL, LOAD, RETURN } from "./bpf.ts";
import {
  ALLOW,
  ARCHITECTURE,
  type Architecture,
  AUDIT,
  ERRNO,
  FIRST_ARGUMENT,
  NUMBER,
  THIRD_ARGUMENT,
} from "./seccomp.ts";

const EBADF = 9;

/** What can be done with a descriptor that is a socket or a pipe: the calls that have it as their first argument. */
const CALLS = {
  x86_64: {
    // read write close ioctl pread64 pwrite64 readv writev dup dup2 sendfile connect accept sendto recvfrom sendmsg recvmsg
    // shutdown setsockopt getsockopt fcntl splice tee vmsplice accept4 dup3 recvmmsg sendmmsg preadv2 pwritev2
    // deno-fmt-ignore
    calls: [0, 1, 3, 16, 17, 18, 19, 20, 32, 33, 40, 42, 43, 44, 45, 46, 47, 48, 54, 55, 72, 275, 276, 278, 288, 292, 299, 307, 327, 328],
    epollControl: 233,
  },
  aarch64: {
    // dup dup3 fcntl ioctl close read write readv writev pread64 pwrite64 sendfile vmsplice splice tee accept connect sendto
    // recvfrom setsockopt getsockopt shutdown sendmsg recvmsg accept4 recvmmsg sendmmsg preadv2 pwritev2
    // deno-fmt-ignore
    calls: [23, 24, 25, 29, 57, 63, 64, 65, 66, 67, 68, 71, 75, 76, 77, 202, 203, 206, 207, 208, 209, 210, 211, 212, 242, 243, 269, 286, 287],
    epollControl: 21,
  },
} as const;

/** The filter's program. */
export function filterFor(fd: number, architecture: Architecture): readonly Instruction[] {
  const { calls, epollControl } = CALLS[architecture];
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
    [JUMP_IF_EQUAL, 0, deny + 1, AUDIT[architecture]],
    [LOAD, 0, 0, NUMBER],
    ...calls.map((call, index): Instruction => [JUMP_IF_EQUAL, deny - index, 0, call]),
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO | EBADF],
  ];
}
