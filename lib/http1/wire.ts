/**
 * A connection as the engine reads and writes it: `Deno.Conn` without its wrappers. Each read of a `Deno.Conn` costs an
 * async function, a second promise and two visits to a set; beneath it lies an operation of the runtime that gives a
 * promise and nothing else. Where the runtime does not show that operation, the `Deno.Conn` itself is used.
 *
 * @module
 */
import { libc } from "./libc.ts";
import { closeQuietly, sever } from "./sever.ts";

/** The runtime's own operations on a resource, as far as they are used here. */
interface Operations {
  /** How much was read; 0 at the end. */
  read(resource: number, into: Uint8Array): Promise<number>;
  write(resource: number, bytes: Uint8Array): Promise<number>;
}

/** Do not wait, and raise no signal when the peer is gone. */
const MSG_DONTWAIT_NOSIGNAL = 0x4040;

/** One open connection. */
export class Wire {
  readonly conn: Deno.Conn;
  /** The descriptor, where it is known; -1 else, and as soon as the connection is closed: the number may be another's then. */
  #descriptor = -1;
  readonly #resource: number;
  readonly #operations: Operations;

  /**
   * `descriptor`: the connection's, when whoever opened it knows; an accepted TCP connection says it itself. `operations`: null
   * for `Deno.Conn`'s own.
   */
  constructor(conn: Deno.Conn, descriptor = -1, operations: Operations | null = NATIVE) {
    this.conn = conn;
    const resource = operations === null ? undefined : resourceOf(conn);
    this.#resource = resource ?? 0;
    this.#operations = operations === null || resource === undefined ? wrapped(conn) : operations;
    if (operations !== null && libc() !== null) this.#descriptor = descriptor < 0 ? descriptorOf(conn) : descriptor;
  }

  /** Reads into `into`, which is not empty; 0 at the end. Rejects when the connection was reset or is closed. */
  read(into: Uint8Array): Promise<number> {
    return this.#operations.read(this.#resource, into);
  }

  /** Writes some of `bytes`; how much. */
  write(bytes: Uint8Array): Promise<number> {
    return this.#operations.write(this.#resource, bytes);
  }

  /**
   * Writes what the kernel takes of bytes[start, end) at once; how much, 0 when that is nothing or cannot be had this way.
   * Then {@linkcode write} goes on, or says what is wrong. Only while no other write is under way.
   */
  writeNow(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    if (this.#descriptor < 0) return 0;
    const rest = start === 0 ? bytes : bytes.subarray(start);
    const sent = libc()?.send(this.#descriptor, rest, end - start, MSG_DONTWAIT_NOSIGNAL) ?? 0;
    return sent > 0 ? sent : 0;
  }

  /** Ends the sending direction. */
  closeWrite(): Promise<void> {
    return this.conn.closeWrite();
  }

  /** Closes the connection; a pending read ends. Does nothing when it is closed already. */
  close(): void {
    this.#descriptor = -1;
    closeQuietly(this.conn);
  }

  /** Closes the connection of a peer that may have stopped reading: a pending write ends too. */
  sever(): void {
    sever(this.conn, this.#descriptor);
    this.close();
  }
}

const NATIVE = findOperations();

/** The operations, when the runtime has them where they are known to be. */
function findOperations(): Operations | null {
  // `Deno.internal` is not part of Deno's promised interface: nothing of it is believed without a look.
  const { internal } = Deno as unknown as { internal?: symbol };
  if (typeof internal !== "symbol") return null;
  const inner: unknown = Reflect.get(Deno, internal);
  const core: unknown = typeof inner === "object" && inner !== null ? Reflect.get(inner, "core") : null;
  if (typeof core !== "object" || core === null) return null;
  const { read, write } = core as Partial<Operations>;
  return typeof read === "function" && typeof write === "function" ? { read, write } : null;
}

let resourceSymbol: symbol | undefined, descriptorSymbol: symbol | undefined;

/** The number by which the operations know a connection; undefined when it does not say. */
function resourceOf(conn: Deno.Conn): number | undefined {
  return numberOf(conn, resourceSymbol ??= symbolOf(conn, "Deno.internal.rid"));
}

/** The descriptor of a connection that says it, as accepted TCP connections do; -1 for others. */
function descriptorOf(conn: Deno.Conn): number {
  return numberOf(conn, descriptorSymbol ??= symbolOf(conn, "Deno.internal.fd")) ?? -1;
}

function symbolOf(conn: Deno.Conn, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(conn).find((symbol) => symbol.description === description);
}

function numberOf(conn: Deno.Conn, symbol: symbol | undefined): number | undefined {
  const value: unknown = symbol === undefined ? undefined : Reflect.get(conn, symbol);
  return typeof value === "number" ? value : undefined;
}

/** The same by the promised interface. */
function wrapped(conn: Deno.Conn): Operations {
  return {
    read: async (_, into) => await conn.read(into) ?? 0,
    write: (_, bytes) => conn.write(bytes),
  };
}
