/**
 * An upstream server that answers with the bytes a test gives it, and keeps what it was asked.
 *
 * @module
 */
import type { UpstreamTarget } from "../../lib/config/options.ts";
import { fromLatin1, latin1 } from "./raw_http.ts";
import { type SeenRequest, StrictRequestReader } from "./strict_request.ts";
import { until } from "./until.ts";

export type { SeenRequest } from "./strict_request.ts";

/** A response with a body of known length. */
export function reply(body: string, status = "200 OK", fields = ""): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
}

/** A connection of the upstream, as a script sees it. */
export interface UpstreamPeer {
  /** From 1. */
  readonly number: number;
  /** Writes all of it; an error, when the front has gone, is nobody's concern. */
  write(text: string): Promise<void>;
  /** As {@linkcode UpstreamPeer.write}, in pieces that end at `cuts`, each most likely read by itself. */
  writePieces(text: string, cuts: readonly number[]): Promise<void>;
  /** Ends what is sent. */
  closeWrite(): Promise<void>;
  close(): void;
  /** Stops reading until {@linkcode UpstreamPeer.resume}. */
  pause(): void;
  resume(): void;
  /** Resolves when the front has closed the connection, or {@linkcode UpstreamPeer.close} has. */
  readonly ended: Promise<void>;
  /** What comes after the current request, for a protocol that is not HTTP: no request is read on this connection any more. */
  raw(onBytes: (text: string) => void): void;
}

/**
 * What to do for a request: called when its head has come, `await request.finished` for its body. The next request of the
 * connection is told when the script is done with this one.
 */
export type Script = (request: SeenRequest, peer: UpstreamPeer) => void | Promise<void>;

/** Answers each request, when it is complete, with `bytes`. */
export function answering(bytes: string): Script {
  return async (request, peer) => {
    await request.finished;
    await peer.write(bytes);
  };
}

/** A running upstream. A test fails when anything that reached it was not a request as a proxy must send it. */
export class TestUpstream implements AsyncDisposable {
  readonly target: UpstreamTarget;
  /** In the order of their heads. */
  readonly requests: SeenRequest[] = [];
  /** What was not HTTP as it should be. */
  readonly faults: string[] = [];
  /** Connections so far, and those that are open. */
  connections = 0;
  open = 0;
  script: Script;
  readonly #directory: string;
  readonly #listener: Deno.Listener;
  readonly #peers: Peer[] = [];
  readonly #tasks: Promise<void>[] = [];

  /** Starts on a unix socket, or on TCP. */
  constructor(script: Script = answering(reply("ok")), transport: "unix" | "tcp" = "unix") {
    this.script = script;
    this.#directory = Deno.makeTempDirSync({ prefix: "stackd-test-" });
    if (transport === "unix") {
      const path = `${this.#directory}/upstream.sock`;
      this.#listener = Deno.listen({ transport, path });
      this.target = { transport, path };
    } else {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      this.#listener = listener;
      this.target = { transport, hostname: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port };
    }
    this.#tasks.push(this.#accept());
  }

  /** The requests that came whole, as `METHOD target`. */
  get seen(): string[] {
    return this.requests.filter(({ complete }) => complete).map(({ method, target }) => `${method} ${target}`);
  }

  /** Waits for the `n`th request's head. */
  request(n = 1): Promise<SeenRequest> {
    return until(`the upstream has request ${n}`, () => this.requests[n - 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const peer of this.#peers) peer.close();
    await Promise.all([...this.#tasks, ...this.#peers.map((peer) => peer.written)]);
    await Deno.remove(this.#directory, { recursive: true });
    if (this.faults.length > 0) throw new Error(`the upstream got what is no request: ${this.faults.join("; ")}`);
  }

  async #accept(): Promise<void> {
    try {
      for (;;) this.#tasks.push(this.#serve(new Peer(await this.#listener.accept(), ++this.connections)));
    } catch { /* the listener was closed */ }
  }

  async #serve(peer: Peer): Promise<void> {
    this.#peers.push(peer);
    this.open++;
    let scripts = Promise.resolve();
    const reader = new StrictRequestReader(peer.number, {
      onRequest: (request) => {
        this.requests.push(request);
        scripts = scripts.then(() => this.script(request, peer));
        scripts.catch((thrown) => this.faults.push(`the script failed: ${thrown}`));
      },
      onFault: (what) => {
        this.faults.push(what);
        peer.close();
      },
    });
    await peer.read((text) => reader.push(text));
    this.open--;
  }
}

class Peer implements UpstreamPeer {
  readonly #conn: Deno.Conn;
  readonly #ended = Promise.withResolvers<void>();
  readonly ended = this.#ended.promise;
  /** Resolves when everything that was given to write has been written, or cannot be any more. */
  written = Promise.resolve();
  #closed = false;
  #resumed = Promise.withResolvers<void>();
  #onBytes: ((text: string) => void) | null = null;

  constructor(conn: Deno.Conn, readonly number: number) {
    this.#conn = conn;
    this.#resumed.resolve();
  }

  async read(push: (text: string) => void): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        await this.#resumed.promise;
        const n = await this.#conn.read(buffer);
        if (n === null) break;
        (this.#onBytes ?? push)(fromLatin1(buffer.subarray(0, n)));
      }
    } catch { /* reset, or closed here */ }
    this.#ended.resolve();
    // An upgraded connection is closed one way at a time, by its script.
    if (this.#onBytes === null) this.close();
  }

  write(text: string): Promise<void> {
    return this.writePieces(text, []);
  }

  writePieces(text: string, cuts: readonly number[]): Promise<void> {
    return this.written = this.written.then(() => this.#write(latin1(text), cuts));
  }

  async #write(bytes: Uint8Array, cuts: readonly number[]): Promise<void> {
    let at = 0;
    try {
      for (const cut of [...cuts, bytes.length]) {
        while (at < cut) at += await this.#conn.write(bytes.subarray(at, cut));
        if (at < bytes.length) await new Promise((resolve) => setTimeout(resolve, 0));
      }
    } catch {
      this.#ended.resolve(); // the front has gone
    }
  }

  async closeWrite(): Promise<void> {
    try {
      await this.#conn.closeWrite();
    } catch { /* the front has gone */ }
  }

  close(): void {
    this.#resumed.resolve();
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  pause(): void {
    this.#resumed = Promise.withResolvers<void>();
  }

  resume(): void {
    this.#resumed.resolve();
  }

  raw(onBytes: (text: string) => void): void {
    this.#onBytes = onBytes;
  }
}
