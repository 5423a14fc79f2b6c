/**
 * Programs that open a server of their own, as the first pages of frameworks have it: `app.listen(3000)`, `Deno.serve(handler)`. In a
 * worker their port would be in the way of the next worker's, and nobody would ask there. So the first server that such a program opens
 * on a TCP port while it is loaded is taken for what it serves: it is told that it listens, and never does.
 *
 * @module
 */
import { Server } from "node:http";
import { StackdError } from "../errors.ts";
import { logError } from "../observe/log.ts";
import { within } from "../process/within.ts";
import type { Handler } from "./contract.ts";
import type { LoadedForm } from "./form.ts";
import { ofServer } from "./node_application.ts";
import { describeThrown } from "./stack.ts";

/** What a program serves. */
export interface TakenServer {
  readonly what: "node:http" | "Deno.serve()";
  readonly form: LoadedForm;
}

/** A program that has opened its server has so long, ms, to end or to fail; it may well wait for its server's end. */
const SETTLES = 100;
/**
 * Loads a program, and gives the server that it opens.
 *
 * @param path For the error message.
 * @param opens So long, ms, a program that was loaded may take to open its server: it may connect to others before.
 * @throws What `load` throws, and `STACKD_HANDLER_INVALID` when no server is opened.
 */
export async function takeServer(
  path: string,
  load: () => Promise<unknown>,
  opens = 10_000,
): Promise<TakenServer> {
  const { promise: opened, resolve: take } = Promise.withResolvers<TakenServer>();
  const [restoreNode, restoreDeno] = [takeFromNode(take), takeFromDeno(take)];
  const loaded = load();
  loaded.catch(() => {}); // seen below
  try {
    const first = await Promise.race([opened, loaded.then(() => null)]);
    const server = first ?? await within(opened, opens);
    if (server === undefined) {
      const state = `it exports nothing, and has opened no server within ${opens / 1_000} s`;
      throw new StackdError("STACKD_HANDLER_INVALID", `Cannot serve "${path}": ${state}`);
    }
    await within(loaded, SETTLES);
    loaded.catch((thrown) => logError(`The handler failed after it had opened its server: ${describeThrown(thrown)}`));
    return server;
  } catch (thrown) {
    restoreNode();
    throw thrown;
  } finally {
    restoreDeno();
  }
}

/** Where a server was to listen. */
interface Port {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Takes the first `listen()` of a `node:http` server on a port, and those on the same port: Fastify opens a server for each address of
 * "localhost". All others are let through.
 */
function takeFromNode(take: (server: TakenServer) => void): () => void {
  const { listen } = Server.prototype;
  let taken: number | null = null;
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    const place = placeOf(args);
    if (place === null || (taken !== null && place.port !== taken)) return Reflect.apply(listen, this, args);
    const told = args.findLast((arg) => typeof arg === "function");
    if (told !== undefined) this.once("listening", told as () => void);
    pretend(this, place);
    queueMicrotask(() => this.emit("listening"));
    taken = place.port;
    take({ what: "node:http", form: { kind: "node", what: "node:http server", listener: ofServer(this) } });
    return this;
  } as typeof listen;
  return () => {
    Server.prototype.listen = listen;
  };
}

/** The port that `listen()` is called for (https://nodejs.org/api/net.html#serverlisten); null for anything else. */
function placeOf([first, second]: readonly unknown[]): Port | null {
  const hostname = (value: unknown) => typeof value === "string" ? value : "0.0.0.0";
  if (typeof first === "object" && first !== null) {
    const get = (key: string): unknown => Reflect.get(first, key);
    return get("path") === undefined && get("fd") === undefined && get("port") !== undefined
      ? { hostname: hostname(get("host")), port: Number(get("port")) }
      : null;
  }
  const isPath = typeof first === "string" && !/^\d+$/.test(first);
  return isPath ? null : { hostname: hostname(second), port: Number(first) || 0 };
}

/** Lets a server seem to listen, until it is closed. */
function pretend(server: Server, { hostname, port }: Port): void {
  const family = hostname.includes(":") ? "IPv6" : "IPv4";
  const own = (name: string, value: unknown) => Object.defineProperty(server, name, { value, configurable: true });
  own("listening", true);
  own("address", () => ({ address: hostname, family, port }));
  own("close", (closed?: () => void) => {
    for (const name of ["listening", "address", "close"]) Reflect.deleteProperty(server, name);
    if (closed !== undefined) server.once("close", closed);
    queueMicrotask(() => server.emit("close"));
    return server;
  });
}

/** What `Deno.serve()` is called with, as far as it matters here. */
interface ServeOptions {
  readonly handler?: Handler;
  readonly port?: number;
  readonly hostname?: string;
  readonly path?: string;
  readonly cert?: string;
  readonly transport?: string;
  readonly onListen?: (address: Deno.NetAddr) => void;
  readonly onError?: (thrown: unknown) => Response | Promise<Response>;
}

/** Takes the first `Deno.serve()` on a port without TLS; all others are let through. */
function takeFromDeno(take: (server: TakenServer) => void): () => void {
  const { serve } = Deno;
  const replace = (value: unknown) =>
    Object.defineProperty(Deno, "serve", { value, configurable: true, writable: true });
  replace((first: Handler | ServeOptions, second?: Handler): unknown => {
    const options = typeof first === "function" ? { handler: first } : second ? { ...first, handler: second } : first;
    const { handler, path, cert, transport = "tcp", onListen, onError, hostname = "0.0.0.0", port = 8_000 } = options;
    if (handler === undefined || path !== undefined || cert !== undefined || transport !== "tcp") {
      return Reflect.apply(serve, Deno, [first, second]);
    }
    replace(serve);
    const addr: Deno.NetAddr = { transport: "tcp", hostname, port };
    queueMicrotask(() => onListen?.(addr));
    take({ what: "Deno.serve()", form: { kind: "function", handler: withOnError(handler, onError) } });
    return new PretendedServer(addr);
  });
  return () => replace(serve);
}

function withOnError(handler: Handler, onError: ServeOptions["onError"]): Handler {
  if (onError === undefined) return handler;
  return async (request, info) => {
    try {
      return await handler(request, info);
    } catch (thrown) {
      return await onError(thrown);
    }
  };
}

/** What `Deno.serve()` gives. */
class PretendedServer implements Deno.HttpServer<Deno.NetAddr> {
  readonly addr: Deno.NetAddr;
  readonly #finished = Promise.withResolvers<void>();

  constructor(addr: Deno.NetAddr) {
    this.addr = addr;
  }

  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  ref(): void {}
  unref(): void {}

  shutdown(): Promise<void> {
    this.#finished.resolve();
    return this.finished;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}
