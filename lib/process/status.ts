/**
 * What a running stackd says of itself, with uWSGI's names where it has them, and the server that says it (uWSGI's --stats,
 * with its --stats-http in one): uwsgitop, `nc` and `curl` all read it.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { ListenAddress } from "../config/options.ts";
import { messageOf, StackdError } from "../errors.ts";
import { sever } from "../http1/sever.ts";
import { logError } from "../observe/log.ts";
import { bindSocket, claimSocketPath, removeSocket } from "./unix_path.ts";

/** One worker, as its supervisor knows it. Counters go on when its process is replaced, as uWSGI's do. */
export interface WorkerStatus {
  /** 1 for the first one. */
  readonly id: number;
  /** Null while there is no process: it waits to be started again. */
  readonly pid: number | null;
  readonly state: "starting" | "ready" | "draining" | "stopped";
  readonly generation: number;
  readonly inFlight: number;
  /** Requests that were answered. */
  readonly requests: number;
  /** Requests whose handler threw. */
  readonly exceptions: number;
  /** Requests that were given up by --request-timeout, or died with a stuck process. */
  readonly timeouts: number;
  /** Resident memory, bytes. */
  readonly rss: number;
  /** Address space, bytes. */
  readonly vsz: number;
  /** Time spent on all requests, ms. */
  readonly runningTime: number;
  /** Time that a request takes at present, ms. */
  readonly averageTime: number;
  /** When its process was started, ms since 1970; 0 for never. */
  readonly spawnedAt: number;
  /** How often its process was started again. */
  readonly respawns: number;
  /** Bytes that were sent to clients. */
  readonly sent: number;
}

/** A running stackd. */
export interface Status {
  readonly version: string;
  readonly state: "starting" | "ready" | "draining";
  readonly pid: number;
  /** Null where the system has no such thing. */
  readonly uid: number | null;
  readonly gid: number | null;
  readonly cwd: string;
  /** ms. */
  readonly uptime: number;
  /** How many generations of workers there have been. */
  readonly generation: number;
  readonly listen: readonly ListenAddress[];
  /** Requests that a worker, or its upstream, has now. */
  readonly inFlight: number;
  /** Requests that wait for a worker. */
  readonly queued: number;
  readonly workers: readonly WorkerStatus[];
}

/** The JSON's shape: uWSGI's units are µs, s and bytes. */
export type UwsgiStats = ReturnType<typeof toUwsgiStats>;

/** What uwsgitop and exporters for uWSGI read, and what is stackd's own. Only looks: no counter changes by being read. */
export function toUwsgiStats(status: Status) {
  return {
    version: status.version,
    listen_queue: status.queued,
    listen_queue_errors: 0,
    signal_queue: 0,
    load: status.queued, // with uWSGI too: what waits, not what is being done
    pid: status.pid,
    uid: status.uid ?? 0,
    gid: status.gid ?? 0,
    cwd: status.cwd,
    state: status.state,
    uptime: Math.floor(status.uptime / 1_000),
    generation: status.generation,
    listen: status.listen.map(formatAddress),
    in_flight: status.inFlight,
    workers: status.workers.map(toUwsgiWorker),
  };
}

function toUwsgiWorker(worker: WorkerStatus) {
  const { pid, state, inFlight } = worker;
  return {
    id: worker.id,
    pid: pid ?? 0,
    accepting: state === "ready" ? 1 : 0,
    requests: worker.requests,
    exceptions: worker.exceptions,
    harakiri_count: worker.timeouts,
    signals: 0,
    signal_queue: 0,
    // "cheap" is uWSGI's word for a worker without a process.
    status: pid === null ? "cheap" : inFlight > 0 ? "busy" : "idle",
    rss: worker.rss,
    vsz: worker.vsz,
    running_time: Math.round(worker.runningTime * 1_000),
    last_spawn: Math.floor(worker.spawnedAt / 1_000),
    respawn_count: worker.respawns,
    tx: worker.sent,
    avg_rt: Math.round(worker.averageTime * 1_000),
    apps: [],
    cores: [],
    state,
    generation: worker.generation,
    in_flight: inFlight,
  };
}

/** A small server for few clients, beside those that serve the public. */
export interface ClientServer {
  /** Where it really listens: with the port that the system chose for port 0. */
  readonly address: ListenAddress;
  /** Stops listening, removes the socket's file, and ends every client. */
  close(): void;
}

/** How {@linkcode serveClients} serves. */
export interface ClientServerOptions {
  /** Permission bits of a unix socket. */
  readonly mode: number;
  /** Clients at a time; more are closed at once. */
  readonly most: number;
  /** Serves a client to its end; the connection is closed afterwards. */
  serve(conn: Deno.Conn): Promise<void>;
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
  let closed = false;
  const accept = async () => {
    while (!closed) {
      try {
        take(await listener.accept());
      } catch {
        if (!closed) await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE));
      }
    }
  };
  const take = (conn: Deno.Conn) => {
    if (closed || clients.size >= options.most) return close(conn);
    clients.add(conn);
    options.serve(conn).catch(() => {}).then(() => { // a client that is gone is no news
      close(conn);
      clients.delete(conn);
    });
  };
  accept();
  return {
    address: bound,
    close() {
      if (closed) return;
      closed = true;
      remove();
      listener.close();
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
  close(conn);
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch { /* closed before */ }
}

async function open(
  address: ListenAddress,
  mode: number,
): Promise<{ listener: Deno.Listener; bound: ListenAddress; remove(): void }> {
  if (address.transport === "unix") {
    const { path } = address;
    await claimSocketPath(path);
    const bind = (temporary: string) => Deno.listen({ transport: "unix", path: temporary });
    const { server, identity } = bindSocket({ path, mode, owner: null }, bind);
    return { listener: server, bound: address, remove: () => removeSocket(path, identity) };
  }
  try {
    const listener = listenOnPort(address.hostname, address.port);
    return { listener, bound: { ...address, port: listener.addr.port }, remove() {} };
  } catch (cause) {
    const used = cause instanceof Deno.errors.AddrInUse;
    const state = used ? "the address is in use" : messageOf(cause);
    throw new StackdError(
      used ? "STACKD_ADDRESS_IN_USE" : "STACKD_LISTEN",
      `Cannot listen on "${formatAddress(address)}": ${state}`,
      { exitCode: 1, cause },
    );
  }
}

/** "::" takes IPv4 too; a system without IPv6 has no such address. */
function listenOnPort(hostname: string, port: number): Deno.TcpListener {
  if (hostname !== "") return Deno.listen({ hostname, port });
  try {
    return Deno.listen({ hostname: "::", port });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse || thrown instanceof Deno.errors.PermissionDenied) throw thrown;
    return Deno.listen({ hostname: "0.0.0.0", port });
  }
}

/** How long a client has to show that it speaks HTTP, ms. */
const HTTP_WAIT = 100;
/** How long it may take in all, ms. */
const STATUS_TIMEOUT = 5_000;
/** The longest HTTP request, bytes. */
const MAX_REQUEST = 16_384;
const MAX_CLIENTS = 64;

/**
 * Gives every client the status as JSON and closes; in an HTTP response to who sends a request within 100 ms, at any path.
 * There is no permission for other web sites' pages to read it, unlike with uWSGI. A unix socket gets mode 660.
 *
 * @param status Called for each client.
 * @throws {StackdError} As {@linkcode serveClients}.
 */
export function startStatusServer(address: ListenAddress, status: () => Status): Promise<ClientServer> {
  const serve = async (conn: Deno.Conn) => {
    const timer = setTimeout(() => endClient(conn), STATUS_TIMEOUT);
    try {
      const request = await readRequest(conn);
      await writeAll(conn, answerTo(request, status));
      await conn.closeWrite();
      for (const rest = new Uint8Array(4_096); await conn.read(rest) !== null;); // unread bytes would cut the answer off
    } finally {
      clearTimeout(timer);
    }
  };
  return serveClients(address, { mode: 0o660, most: MAX_CLIENTS, serve });
}

/** What an HTTP client sends, its head at least; what anybody else sends, as far as it has come; "" for nothing in time. */
async function readRequest(conn: Deno.Conn): Promise<string> {
  const chunk = new Uint8Array(MAX_REQUEST);
  const silent = Promise.withResolvers<null>();
  const timer = setTimeout(() => silent.resolve(null), HTTP_WAIT);
  const first = conn.read(chunk);
  first.catch(() => {}); // it goes on when nothing has come, and ends with the connection
  let count = await Promise.race([first, silent.promise]).finally(() => clearTimeout(timer));
  let text = "";
  for (const decoder = new TextDecoder(); count !== null; count = await conn.read(chunk)) {
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
    if (!/^[A-Z]+( |$)/.test(text) || /\r?\n\r?\n/.test(text) || text.length >= MAX_REQUEST) break;
  }
  return text;
}

function answerTo(request: string, status: () => Status): string {
  const [, method] = /^([A-Z]+) \S+ HTTP\/1\.[01]\r?\n/.exec(request) ?? [];
  if (method !== undefined && method !== "GET" && method !== "HEAD") {
    return "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  }
  let body: string;
  try {
    body = `${JSON.stringify(toUwsgiStats(status()), null, 2)}\n`;
  } catch (thrown) {
    logError(`Cannot tell the status: ${messageOf(thrown)}`);
    return method === undefined
      ? ""
      : "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  }
  if (method === undefined) return body;
  const length = new TextEncoder().encode(body).length;
  const fields = ["Content-Type: application/json", `Content-Length: ${length}`, "Cache-Control: no-store"];
  const head = ["HTTP/1.1 200 OK", ...fields, "Connection: close", "", ""].join("\r\n");
  return method === "HEAD" ? head : head + body;
}

/** Writes all of `text`. Rejects when the client is gone. */
export async function writeAll(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}
