/**
 * A connection as the engine reads and writes it: `Deno.Conn` without its wrappers. Each read of a `Deno.Conn` costs an
 * async function, a second promise and two visits to a set; beneath it lies an operation of the runtime that gives a
 * promise and nothing else. Where the runtime does not show that operation, the `Deno.Conn` itself is used.
 *
 * @module
 */
import { sever } from "./sever.ts";

/** The runtime's own operations on a resource, as far as they are used here. */
interface Operations {
  /** How much was read; 0 at the end. */
  read(resource: number, into: Uint8Array): Promise<number>;
  write(resource: number, bytes: Uint8Array): Promise<number>;
}

/** One open connection. */
export class Wire {
  readonly conn: Deno.Conn;
  readonly #resource: number;
  readonly #operations: Operations;

  constructor(conn: Deno.Conn, operations: Operations | null = NATIVE) {
    this.conn = conn;
    const resource = operations === null ? undefined : resourceOf(conn);
    this.#resource = resource ?? 0;
    this.#operations = operations === null || resource === undefined ? wrapped(conn) : operations;
  }

  /** Reads into `into`, which is not empty; 0 at the end. Rejects when the connection was reset or is closed. */
  read(into: Uint8Array): Promise<number> {
    return this.#operations.read(this.#resource, into);
  }

  /** Writes some of `bytes`; how much. */
  write(bytes: Uint8Array): Promise<number> {
    return this.#operations.write(this.#resource, bytes);
  }

  /** Ends the sending direction. */
  closeWrite(): Promise<void> {
    return this.conn.closeWrite();
  }

  /** Closes the connection; a pending read ends. Does nothing when it is closed already. */
  close(): void {
    try {
      this.conn.close();
    } catch { /* closed already */ }
  }

  /** Closes the connection of a peer that may have stopped reading: a pending write ends too. */
  sever(): void {
    sever(this.conn);
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

let resourceSymbol: symbol | undefined;

/** The number by which the operations know a connection; undefined when it does not say. */
function resourceOf(conn: Deno.Conn): number | undefined {
  resourceSymbol ??= Object.getOwnPropertySymbols(conn).find(({ description }) => description === "Deno.internal.rid");
  const resource: unknown = resourceSymbol === undefined ? undefined : Reflect.get(conn, resourceSymbol);
  return typeof resource === "number" ? resource : undefined;
}

/** The same by the promised interface. */
function wrapped(conn: Deno.Conn): Operations {
  return {
    read: async (_, into) => await conn.read(into) ?? 0,
    write: (_, bytes) => conn.write(bytes),
  };
}
