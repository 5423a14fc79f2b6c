/**
 * A wire over `Deno.Conn`, without its wrappers. Each read of a `Deno.Conn` costs an
 * async function, a second promise and two visits to a set; beneath it lies an operation of the runtime that gives a
 * promise and nothing else. Where the runtime does not show that operation, the `Deno.Conn` itself is used.
 *
 * @module
 */
import { eventLoop } from "./event_loop.ts";
import { DONTWAIT_NOSIGNAL, libc } from "./libc.ts";
import { coreOperations, type Operations, symbolOf } from "./runtime.ts";
import { closeQuietly, sever } from "./sever.ts";
import { ECONNRESET, systemError } from "./system_error.ts";
import type { Wire } from "./wire.ts";

const NATIVE = coreOperations();

/** A connection that the runtime has opened. */
export class ConnWire implements Wire {
  readonly #conn: Deno.Conn;
  /** The descriptor, where it is known; -1 else, and as soon as the connection is closed: the number may be another's then. */
  #descriptor = -1;
  /** Whether a write was told of a reset: the kernel tells it once, and then what looks like an orderly end. */
  #reset = false;
  readonly #resource: number;
  readonly #operations: Operations;

  /**
   * `descriptor`: the connection's, when whoever opened it knows; an accepted TCP connection says it itself. `operations`: null
   * for `Deno.Conn`'s own.
   */
  constructor(conn: Deno.Conn, descriptor = -1, operations: Operations | null = NATIVE) {
    this.#conn = conn;
    const resource = operations === null ? undefined : resourceOf(conn);
    this.#resource = resource ?? 0;
    this.#operations = operations === null || resource === undefined ? wrapped(conn) : operations;
    if (operations !== null && libc() !== null) this.#descriptor = descriptor < 0 ? descriptorOf(conn) : descriptor;
  }

  get localAddr(): Deno.Addr {
    return this.#conn.localAddr;
  }

  get remoteAddr(): Deno.Addr {
    return this.#conn.remoteAddr;
  }

  read(into: Uint8Array): Promise<number> {
    return this.#operations.read(this.#resource, into).then(this.#onRead);
  }

  readonly #onRead = (n: number): number => {
    if (n === 0 && this.#reset) throw systemError(ECONNRESET);
    return n;
  };

  readNow(): number {
    return -1;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#operations.write(this.#resource, bytes).catch(this.#onFailedWrite);
  }

  readonly #onFailedWrite = (thrown: unknown): never => {
    if (thrown instanceof Deno.errors.ConnectionReset) this.#reset = true;
    throw thrown;
  };

  writeNow(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    if (this.#descriptor < 0) return 0;
    const rest = start === 0 ? bytes : bytes.subarray(start);
    const sent = libc()?.send(this.#descriptor, rest, end - start, DONTWAIT_NOSIGNAL) ?? 0;
    if (sent < 0 && eventLoop()?.errno === ECONNRESET) this.#reset = true;
    return sent > 0 ? sent : 0;
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(): void {
    this.#descriptor = -1;
    closeQuietly(this.#conn);
  }

  sever(): void {
    sever(this.#conn, this.#descriptor);
    this.close();
  }
}

let resourceSymbol: symbol | null = null, descriptorSymbol: symbol | null = null;

/** The number by which the operations know a connection; undefined when it does not say. */
function resourceOf(conn: Deno.Conn): number | undefined {
  return numberOf(conn, resourceSymbol ??= symbolOf(conn, "Deno.internal.rid"));
}

/** The descriptor of a connection that says it, as accepted TCP connections do; -1 for others. */
function descriptorOf(conn: Deno.Conn): number {
  return numberOf(conn, descriptorSymbol ??= symbolOf(conn, "Deno.internal.fd")) ?? -1;
}

function numberOf(conn: Deno.Conn, symbol: symbol | null): number | undefined {
  const value: unknown = symbol === null ? undefined : Reflect.get(conn, symbol);
  return typeof value === "number" ? value : undefined;
}

/** The same by the promised interface. */
function wrapped(conn: Deno.Conn): Operations {
  return {
    read: async (_, into) => await conn.read(into) ?? 0,
    write: (_, bytes) => conn.write(bytes),
  };
}
