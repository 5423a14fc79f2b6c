/**
 * A uwsgi server that answers with the bytes a test gives it, keeps what it was asked, and closes the connection after each
 * answer, as uWSGI does.
 *
 * @module
 */
import type { UpstreamTarget } from "../../lib/config/options.ts";
import { decodePacket } from "../../lib/uwsgi/packet.ts";
import { fromLatin1, latin1 } from "./raw_http.ts";
import { until } from "./until.ts";

/** A request that has come, its body as far as it has come. */
export interface SeenPacket {
  readonly vars: ReadonlyMap<string, string>;
  body: string;
  /** Whether the body has come as CONTENT_LENGTH says. */
  complete: boolean;
}

/** The server's end of a connection. */
export interface UwsgiPeer {
  /** Writes all of it; an error, when the front has gone, is nobody's concern. */
  write(text: string): Promise<void>;
  /** Reads the body to its end. */
  body(): Promise<void>;
}

/** What to do for a request whose packet has come; afterwards the connection is closed. */
export type UwsgiScript = (request: SeenPacket, peer: UwsgiPeer) => void | Promise<void>;

/** Answers each request, when it is complete, with `bytes`. */
export function answeringAll(bytes: string): UwsgiScript {
  return async (_, peer) => {
    await peer.body();
    await peer.write(bytes);
  };
}

/** A response whose body ends with the connection. */
export function page(body: string, fields = ""): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${fields}\r\n${body}`;
}

/** A running server. A test fails when anything that reached it was not one packet and its body. */
export class TestUwsgi implements AsyncDisposable {
  readonly target: UpstreamTarget;
  /** In the order of their packets. */
  readonly requests: SeenPacket[] = [];
  connections = 0;
  /** Connections whose script has not ended. */
  open = 0;
  readonly #script: UwsgiScript;
  readonly #directory = Deno.makeTempDirSync({ prefix: "stackd-test-" });
  readonly #listener: Deno.Listener;
  readonly #conns: Deno.Conn[] = [];
  readonly #tasks: Promise<void>[] = [];
  readonly #faults: string[] = [];

  /** Starts on a unix socket, or on TCP. */
  constructor(script: UwsgiScript = answeringAll(page("ok")), transport: "unix" | "tcp" = "unix") {
    this.#script = script;
    if (transport === "unix") {
      const path = `${this.#directory}/uwsgi.sock`;
      this.#listener = Deno.listen({ transport, path });
      this.target = { protocol: "uwsgi", transport, path };
    } else {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      this.#listener = listener;
      this.target = { protocol: "uwsgi", transport, hostname: "127.0.0.1", port: listener.addr.port };
    }
    this.#tasks.push(this.#accept());
  }

  /** Waits for the `n`th request. */
  request(n = 1): Promise<SeenPacket> {
    return until(`the uwsgi server has request ${n}`, () => this.requests[n - 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) closeQuietly(conn);
    await Promise.all(this.#tasks);
    await Deno.remove(this.#directory, { recursive: true });
    if (this.#faults.length > 0) throw new Error(`the uwsgi server got what is no request: ${this.#faults.join("; ")}`);
  }

  async #accept(): Promise<void> {
    try {
      for (;;) this.#tasks.push(this.#serve(await this.#listener.accept()));
    } catch { /* the listener was closed */ }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    this.connections++;
    this.open++;
    this.#conns.push(conn);
    try {
      const request = await this.#read(conn);
      if (request !== null) await this.#script(request.seen, request.peer);
    } catch (thrown) {
      this.#faults.push(String(thrown));
    }
    closeQuietly(conn);
    this.open--;
  }

  async #read(conn: Deno.Conn): Promise<{ readonly seen: SeenPacket; readonly peer: UwsgiPeer } | null> {
    const buffer = new Uint8Array(262_144);
    let end = 0;
    const more = async () => {
      try {
        const n = await conn.read(buffer.subarray(end)) ?? 0;
        end += n;
        return n > 0;
      } catch {
        return false; // reset, or closed here
      }
    };
    while (await more()) {
      const packet = decodePacket(buffer, 0, end);
      if (packet === "incomplete") continue;
      const length = Number(packet.vars.get("CONTENT_LENGTH") || 0);
      const seen: SeenPacket = {
        vars: packet.vars,
        body: fromLatin1(buffer.subarray(packet.length, end)),
        complete: false,
      };
      const look = () => {
        if (seen.body.length > length) this.#faults.push(`${seen.body.length - length} bytes too many`);
        return seen.complete = seen.body.length >= length;
      };
      this.requests.push(seen);
      const body = async () => {
        while (!look()) {
          end = 0;
          if (!await more()) return;
          seen.body += fromLatin1(buffer.subarray(0, end));
        }
      };
      return { seen, peer: { body, write: (text) => write(conn, latin1(text)) } };
    }
    return null;
  }
}

async function write(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  } catch { /* the front has gone */ }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch { /* closed already */ }
}
