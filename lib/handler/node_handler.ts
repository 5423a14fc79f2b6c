/**
 * An application for `node:http` as a handler: it is called with Node's own request and response, so that what frameworks do with their
 * prototypes, and middleware with their methods, works.
 *
 * @module
 */
import { IncomingMessage, ServerResponse } from "node:http";
import type { Info } from "./contract.ts";
import { DenoResponse } from "./deno_response.ts";
import type { NodeListener } from "./node_application.ts";
import { joined } from "../pieces.ts";
import { targetOf } from "./request_view.ts";
import { type NodeHead, NodeSocket } from "./node_socket.ts";

/** As `Headers` takes it. */
type Field = [name: string, value: string];

/** Fields of the connection, which is not the application's. */
const CONNECTION = /^(?:connection|keep-alive|transfer-encoding)$/i;
/** Statuses of responses that have no body (https://fetch.spec.whatwg.org/#null-body-status). */
const NO_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** What `listener` answers. Rejects with what it throws, and when it ends the connection before it has answered. */
export function answerWith(listener: NodeListener, request: Request, info: Info): Promise<Response> {
  const exchange = new Exchange(request, info);
  return exchange.run(listener);
}

class Exchange {
  readonly #answer = Promise.withResolvers<Response>();
  readonly #socket: NodeSocket;
  readonly #message: IncomingMessage;
  /** Lets what has not been read of the request's body go. */
  readonly #dropBody: () => void;
  readonly #response: ServerResponse;
  readonly #info: Info;
  #begun = false;
  /** What was written before the answer was given. */
  #early: Uint8Array<ArrayBuffer>[] = [];
  #body: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** Lets the application write on. */
  #taken: (() => void) | null = null;

  constructor(request: Request, info: Info) {
    this.#info = info;
    const { remoteAddr } = info;
    const known = remoteAddr.transport === "tcp";
    const peer = {
      address: known ? remoteAddr.hostname : undefined,
      port: known ? remoteAddr.port : undefined,
      encrypted: request.url.startsWith("https:"),
    };
    this.#socket = new NodeSocket(peer, {
      head: (head) => this.#begin(head),
      piece: (bytes, taken) => this.#add(bytes, taken),
    });
    const { message, drop } = messageOf(request, this.#socket);
    this.#message = message;
    this.#dropBody = drop;
    const response = this.#response = new ServerResponse(message);
    // A body is sent as it is: how it is framed on the wire is not decided here.
    Object.defineProperty(response, "chunkedEncoding", { get: () => false, set: () => {} });
    response.assignSocket(this.#socket as never); // as light as it is, it is what a response asks of its socket
    response.once("finish", () => this.#end());
    this.#socket.once("close", () => this.#cut());
    this.#socket.on("error", (thrown) => this.#fail(thrown));
    this.#socket.on("drain", () => response.writableEnded || response.emit("drain"));
  }

  async run(listener: NodeListener): Promise<Response> {
    // Of a listener that is async, and of one that is not.
    (async () => await listener(this.#message, this.#response))().catch((thrown) => this.#fail(thrown));
    // To ask whether the client leaves costs more than to answer at once.
    if (!this.#begun) this.#heed(this.#info.signal);
    return await this.#answer.promise;
  }

  /** Ends the connection when the client leaves before the answer has begun. */
  #heed(signal: AbortSignal): void {
    const leave = () => void this.#socket.destroy();
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  }

  #begin(head: NodeHead): void {
    this.#begun = true;
    // What is written in the same turn may be all that there is: a response of known length is cheaper than a stream.
    queueMicrotask(() => this.#deliver(head));
  }

  #deliver({ status, reason, fields }: NodeHead): void {
    try {
      const headers = fields.filter(([name]) => !CONNECTION.test(name)).map(([name, value]): Field => [name, value]);
      const init = { status, statusText: reason, headers };
      this.#answer.resolve(new DenoResponse(NO_BODY.has(status) ? null : this.#bodyOf(headers), init));
    } catch (thrown) {
      this.#fail(thrown); // a status or a field that no response can have
    }
    this.#early = [];
  }

  #bodyOf(headers: readonly Field[]): BodyInit | null {
    const early = this.#early;
    // To HEAD, null would come to a length of 0, which the body does not have.
    if (this.#message.method === "HEAD") {
      return headers.some(([name]) => /^content-length$/i.test(name)) ? null : new Blob([]).stream();
    }
    if (this.#response.writableEnded) return early.length > 1 ? joined(early) : early[0] ?? null;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const piece of early) controller.enqueue(piece);
        this.#body = controller;
      },
      pull: () => this.#resume(),
      cancel: () => void this.#socket.destroy(),
    });
  }

  #add(bytes: Uint8Array<ArrayBuffer>, taken: () => void): void {
    if (this.#body === null) {
      this.#early.push(bytes);
      return taken();
    }
    this.#body.enqueue(bytes);
    if ((this.#body.desiredSize ?? 1) > 0) return taken();
    this.#taken = taken;
  }

  #resume(): void {
    const taken = this.#taken;
    this.#taken = null;
    taken?.();
  }

  /** All is written. */
  #end(): void {
    try {
      this.#body?.close();
    } catch { /* the client has left */ }
    this.#body = null;
    const response = this.#response;
    if (response.socket !== null) response.detachSocket(this.#socket as never);
    this.#dropBody();
    queueMicrotask(() => response.emit("close"));
  }

  /** The connection is ended, by the client or the application. */
  #cut(): void {
    if (this.#response.writableFinished) return;
    this.#dropBody();
    this.#message.destroy();
    this.#fail(new DOMException("The connection was closed before the response was complete", "AbortError"));
  }

  #fail(thrown: unknown): void {
    this.#answer.reject(thrown); // where no answer was given
    try {
      this.#body?.error(thrown);
    } catch { /* it has ended */ }
    this.#body = null;
    this.#resume();
    if (!this.#socket.destroyed) this.#socket.destroy();
  }
}

/** Node's request for one of the standard's. */
function messageOf(request: Request, socket: NodeSocket): { message: IncomingMessage; drop: () => void } {
  const message = new IncomingMessage(socket as never);
  const { path, query } = targetOf(request);
  const fields: Record<string, string> = {};
  request.headers.forEach((value, name) => {
    message.rawHeaders.push(name, value);
    fields[name] = value;
  });
  Object.assign(message, {
    method: request.method,
    url: path + query,
    httpVersion: "1.1",
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    headers: fields,
  });
  const reader = request.body?.getReader();
  const { _read } = message;
  message._read = async (size) => {
    _read.call(message, size); // it notes that somebody reads
    try {
      const { value, done } = await reader?.read() ?? { value: undefined, done: true };
      if (!done) return void message.push(value);
      message.complete = true;
      message.push(null);
    } catch (thrown) {
      message.destroy(thrown as Error);
    }
  };
  return { message, drop: () => void reader?.cancel().catch(() => {}) };
}
