/**
 * Makes a TCP listener take no new connection while the ones that the kernel has queued are still accepted. Closing it at
 * once would reset those, although their clients are connected as far as they know and may have sent their requests.
 *
 * @module
 */
import { libc, unmapped } from "../http1/libc.ts";
import { boundAddress, listeningDescriptors } from "./descriptors.ts";

const SOL_SOCKET = 1, SO_ATTACH_FILTER = 26;

/**
 * A socket filter (classic BPF) that drops what asks for a connection, SYN without ACK, and passes everything else: the
 * handshakes under way are completed. Each instruction: code, jump if true, jump if false, operand.
 */
const DROP_SYN: readonly (readonly [code: number, jt: number, jf: number, k: number])[] = [
  [0x30, 0, 0, 13], // load the TCP header's flags
  [0x54, 0, 0, 0x12], // keep SYN and ACK
  [0x15, 0, 1, 0x02], // SYN alone?
  [0x06, 0, 0, 0], // drop
  [0x06, 0, 0, 0xffffffff], // pass
];

/**
 * From now on a client that connects to this listener waits, as for a machine that does not answer, until every process has closed
 * it; then it is refused when it tries again (after a second). False where that cannot be had: then what is queued when the
 * listener is closed is lost.
 */
export function refuseNew(descriptor: number): boolean {
  const filter = new DataView(new ArrayBuffer(DROP_SYN.length * 8));
  for (const [i, [code, jt, jf, k]] of DROP_SYN.entries()) {
    filter.setUint16(i * 8, code, true);
    filter.setUint8(i * 8 + 2, jt);
    filter.setUint8(i * 8 + 3, jf);
    filter.setUint32(i * 8 + 4, k, true);
  }
  // struct sock_fprog: the number of instructions and a pointer to them.
  const program = new DataView(new ArrayBuffer(16));
  program.setUint16(0, DROP_SYN.length, true);
  program.setBigUint64(8, BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(filter))), true);
  return libc()?.setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, program, 16) === 0;
}

/** The same for a listener of this process that is known by its address alone. */
export function refuseNewAt(address: { readonly hostname: string; readonly port: number }): boolean {
  const hostname = unmapped(address.hostname);
  const descriptor = listeningDescriptors().find((fd) => {
    const bound = boundAddress(fd);
    return bound?.transport === "tcp" && bound.port === address.port && bound.hostname === hostname;
  });
  return descriptor !== undefined && refuseNew(descriptor);
}
