/**
 * Sockets of the engine's own loop, each with a peer of the runtime's.
 *
 * @module
 */
import { Acceptor } from "../../lib/http1/acceptor.ts";
import { dial, type Sockaddr, tcpSockaddr, unixSockaddr } from "../../lib/http1/dial.ts";
import { type EventLoop, eventLoop } from "../../lib/http1/event_loop.ts";
import { unpoll } from "../../lib/http1/poller.ts";
import type { Socket } from "../../lib/http1/socket.ts";
import { openedBy } from "../../lib/process/descriptors.ts";
import "./quiet_loop.ts";

/** The loop, where a test has found that there is one. */
export function ownLoop(): EventLoop {
  const loop = eventLoop();
  if (loop === null) throw new Error("no loop of our own");
  return loop;
}

/** A listener of the runtime's in a directory of its own, and its address in the kernel's form. */
export interface Listening extends Disposable {
  readonly listener: Deno.Listener;
  readonly descriptor: number;
  readonly address: Sockaddr;
}

/** Listens on a free port of 127.0.0.1, or on a path. */
export function listening(transport: "tcp" | "unix"): Listening {
  const directory = Deno.makeTempDirSync({ prefix: "stackd-test-" }), path = `${directory}/s`;
  const { server: listener, descriptor } = openedBy<Deno.Listener>(() =>
    transport === "tcp" ? Deno.listen({ hostname: "127.0.0.1", port: 0 }) : Deno.listen({ transport, path })
  );
  const { addr } = listener;
  const address = addr.transport === "tcp" ? tcpSockaddr(addr.hostname, addr.port) : unixSockaddr(path);
  if (address === null || descriptor === null) throw new Error("no address");
  return {
    listener,
    descriptor,
    address,
    [Symbol.dispose]() {
      listener.close();
      Deno.removeSync(directory, { recursive: true });
    },
  };
}

/** A socket that was dialled, and the runtime's end. */
export async function dialledPair(transport: "tcp" | "unix"): Promise<[Socket, Deno.Conn]> {
  using server = listening(transport);
  const { socket, connecting } = dial(ownLoop(), server.address);
  const [peer] = await Promise.all([server.listener.accept(), connecting]);
  return [socket, peer];
}

/** A socket that was accepted, and the runtime's end. */
export function acceptedPair(transport: "tcp" | "unix"): Promise<[Socket, Deno.Conn]> {
  return accepted<Deno.Conn>(
    transport,
    async ({ listener: { addr } }) =>
      addr.transport === "tcp"
        ? await Deno.connect({ hostname: addr.hostname, port: addr.port })
        : await Deno.connect({ transport: "unix", path: (addr as Deno.UnixAddr).path }),
  );
}

/** A socket that was accepted, and one that was dialled, its peer. */
export function ownPair(transport: "tcp" | "unix"): Promise<[Socket, Socket]> {
  return accepted(transport, async ({ address }) => {
    const { socket, connecting } = dial(ownLoop(), address);
    await connecting;
    return socket;
  });
}

async function accepted<Peer>(
  transport: "tcp" | "unix",
  connect: (server: Listening) => Promise<Peer>,
): Promise<[Socket, Peer]> {
  using server = listening(transport);
  unpoll(server.descriptor);
  const { promise, resolve: onConnection, reject: onError } = Promise.withResolvers<Socket>();
  const acceptor = new Acceptor(ownLoop(), server.descriptor, { onConnection, onError }, 10);
  const ends = await Promise.all([promise, connect(server)]);
  acceptor.stop();
  return ends;
}
