/**
 * Connecting to an upstream server.
 *
 * @module
 */
import type { UpstreamTarget } from "../config/options.ts";
import { ConnWire } from "../http1/conn_wire.ts";
import { dial, type Sockaddr, tcpSockaddr, unixSockaddr } from "../http1/dial.ts";
import { type EventLoop, eventLoop } from "../http1/event_loop.ts";
import { isConnectedToPath, isSocketOf, nextDescriptor } from "../http1/libc.ts";
import type { Socket } from "../http1/socket.ts";
import { isExhaustion } from "../http1/system_error.ts";
import type { Wire } from "../http1/wire.ts";
import { UpstreamError } from "./error.ts";

/** Connects within so many ms. Throws {@linkcode UpstreamError}: "timeout", "closed" when refused, or "exhausted". */
export type Dialler = (patience: number) => Promise<Wire>;

/** The way to `target`: a socket of our own where `loop` can have one, else the runtime's, as for a name that is still to be looked up. */
export function diallerTo(target: UpstreamTarget, loop: EventLoop | null = eventLoop()): Dialler {
  const isUnix = target.transport === "unix";
  const address = isUnix ? unixSockaddr(target.path) : tcpSockaddr(target.hostname, target.port);
  if (loop !== null && address !== null) return (patience) => dialOwn(loop, address, patience);
  if (isUnix) return () => dialUnix(target.path).catch(refuse);
  return (patience) => {
    const dialled = dialTcp(target.hostname, target.port);
    // It may still be accepted later: nobody wants it then.
    return within(patience, dialled, () => dialled.then((wire) => wire.close(), () => {}));
  };
}

async function dialOwn(loop: EventLoop, address: Sockaddr, patience: number): Promise<Wire> {
  let socket: Socket | undefined;
  try {
    const dialled = dial(loop, address);
    socket = dialled.socket;
    if (dialled.connecting !== null) await within(patience, dialled.connecting, () => {});
    return socket;
  } catch (thrown) {
    socket?.close();
    return refuse(thrown);
  }
}

/** What `dialled` gives, unless it takes too long: then it is abandoned. */
async function within<Result>(ms: number, dialled: Promise<Result>, abandon: () => void): Promise<Result> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new UpstreamError("timeout", "did not accept a connection in time"));
    abandon();
  }, ms);
  try {
    return await Promise.race([timeout, dialled]);
  } catch (thrown) {
    return refuse(thrown);
  } finally {
    clearTimeout(timer);
  }
}

// A descriptor that was free before the socket was made, and is afterwards one with its two ends, is the socket's own.

async function dialUnix(path: string): Promise<Wire> {
  const next = nextDescriptor();
  const dialled = Deno.connect({ transport: "unix", path });
  // Connected within the call: later, the number could be that of another connection to the same path.
  const fd = isConnectedToPath(next, path) ? next : -1;
  return new ConnWire(await dialled, fd);
}

async function dialTcp(hostname: string, port: number): Promise<Wire> {
  const next = nextDescriptor();
  const conn = await Deno.connect({ hostname, port });
  // Deno leaves Nagle's algorithm on: 40 ms for a body behind its head.
  conn.setNoDelay(true);
  return new ConnWire(conn, isSocketOf(next, conn) ? next : -1);
}

function refuse(thrown: unknown): never {
  if (thrown instanceof UpstreamError) throw thrown;
  throw new UpstreamError(isExhaustion(thrown) ? "exhausted" : "closed", `cannot be connected to: ${reason(thrown)}`);
}

function reason(thrown: unknown): string {
  if (thrown instanceof Deno.errors.ConnectionRefused) return "connection refused";
  if (thrown instanceof Deno.errors.NotFound) return "no such socket";
  if (thrown instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (thrown instanceof Deno.errors.WouldBlock) return "its listen queue is full";
  return thrown instanceof Error ? thrown.message : String(thrown);
}
