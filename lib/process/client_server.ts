/**
 * Small servers for few clients, beside those that serve the public: the control socket and the status.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";
import { closeQuietly, sever } from "../http1/sever.ts";
import { adoptListener } from "./adopt.ts";
import { openListener } from "./listen_socket.ts";
import { bindSocket, claimSocketPath, removeSocket } from "./unix_path.ts";

/** A small server for few clients, beside those that serve the public. */
export interface ClientServer {
  /** Where it really listens: with the port that the system chose for port 0. */
  readonly address: ListenAddress;
  /** Stops listening, and removes the socket's file; its clients are served to their end. */
  refuseNew(): void;
  /** Settles when every request that has come is answered. */
  answered(): Promise<void>;
  /** Refuses new clients, and ends every other one. */
  close(): void;
}

/** How {@linkcode serveClients} serves. */
export interface ClientServerOptions {
  /** Permission bits of a unix socket. */
  readonly mode: number;
  /** Clients at a time; more wait in the kernel's queue. */
  readonly most: number;
  /** Serves a client to its end; the connection is closed afterwards. `answering`: is told of each answer, from its request to its last byte. */
  serve(conn: Deno.Conn, answering: (answer: Promise<unknown>) => void): Promise<void>;
}

/** Pause after a failed accept, ms: without descriptors it fails until some connection ends. */
const ACCEPT_PAUSE = 50;

/**
 * Listens on `address` and gives each client to `serve`.
 *
 * @throws {StackdError} `STACKD_ADDRESS_IN_USE`, `STACKD_SOCKET_PATH` or `STACKD_LISTEN` (exit 1).
 */
export async function serveClients(address: ListenAddress, options: ClientServerOptions): Promise<ClientServer> {
  const { listener, bound, remove } = await open(address, options.mode);
  const clients = new Set<Deno.Conn>();
  const answers = new Set<Promise<void>>();
  let closed = false;
  /** Called when a client has gone. */
  let gone = () => {};
  const answering = (answer: Promise<unknown>) => {
    const done = () => void answers.delete(settled);
    const settled: Promise<void> = answer.then(done, done);
    answers.add(settled);
  };
  const accept = async () => {
    while (!closed) {
      try {
        while (clients.size >= options.most) await new Promise<void>((resolve) => gone = resolve);
        take(await listener.accept());
      } catch {
        if (!closed) await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE));
      }
    }
  };
  const take = (conn: Deno.Conn) => {
    if (closed) return closeQuietly(conn);
    clients.add(conn);
    options.serve(conn, answering).catch(() => {}).then(() => { // a client that is gone is no news
      closeQuietly(conn);
      clients.delete(conn);
      gone();
    });
  };
  const refuseNew = () => {
    if (closed) return;
    closed = true;
    remove();
    listener.close();
  };
  accept();
  return {
    address: bound,
    refuseNew,
    async answered() {
      await Promise.all(answers);
    },
    close() {
      refuseNew();
      for (const conn of clients) endClient(conn);
    },
  };
}

/**
 * Ends a client at a deadline. A write that is pending ends with it on TCP; on a unix socket it lasts until the client reads
 * or leaves, and keeps the client's place in {@linkcode ClientServerOptions.most}.
 */
export function endClient(conn: Deno.Conn): void {
  sever(conn);
  closeQuietly(conn);
}

async function open(
  address: ListenAddress,
  mode: number,
): Promise<{ listener: Deno.Listener; bound: ListenAddress; remove(): void }> {
  if (address.descriptor !== undefined) {
    return { listener: adoptListener(address.descriptor), bound: address, remove() {} };
  }
  if (address.transport === "unix") {
    const { path } = address;
    await claimSocketPath(path);
    const bind = (temporary: string) => Deno.listen({ transport: "unix", path: temporary });
    const { server, identity } = bindSocket({ path, mode, owner: null }, bind);
    return { listener: server, bound: address, remove: () => removeSocket(path, identity) };
  }
  const listener = openListener(address), { addr } = listener;
  return { listener, bound: addr.transport === "tcp" ? { ...address, port: addr.port } : address, remove() {} };
}

/** Writes all of `text`. Rejects when the client is gone. */
export async function writeAll(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}
