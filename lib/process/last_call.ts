/**
 * Makes a TCP listener take no new connection while the ones that the kernel has queued are still accepted. Closing it at
 * once would reset those, although their clients are connected as far as they know and may have sent their requests.
 *
 * @module
 */
import { AND, type Filter, type Instruction, JUMP_IF_EQUAL, LOAD_BYTE, makeFilter, RETURN } from "../confine/bpf.ts";
import { libc, unmapped } from "../http1/libc.ts";
import { boundAddress, listeningDescriptors } from "./descriptors.ts";

const SOL_SOCKET = 1, SO_ATTACH_FILTER = 26;

/**
 * A socket filter that drops what asks for a connection, SYN without ACK, and passes everything else: the handshakes under way are
 * completed.
 */
const DROP_SYN: readonly Instruction[] = [
  [LOAD_BYTE, 0, 0, 13], // the TCP header's flags
  [AND, 0, 0, 0x12], // SYN and ACK
  [JUMP_IF_EQUAL, 0, 1, 0x02], // SYN alone?
  [RETURN, 0, 0, 0], // drop
  [RETURN, 0, 0, 0xffffffff], // pass
];

/** Made when it is first needed, and kept: the kernel is given a pointer into it. */
let dropSyn: Filter | undefined;

/**
 * From now on a client that connects to this listener waits, as for a machine that does not answer, until every process has closed
 * it; then it is refused when it tries again (after a second). False where that cannot be had: then what is queued when the
 * listener is closed is lost.
 */
export function refuseNew(descriptor: number): boolean {
  const { header } = dropSyn ??= makeFilter(DROP_SYN);
  return libc()?.setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, header, header.length) === 0;
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
