/**
 * WSGI applications (PEP 3333) as request handlers: environ and start_response on one side, `Request` and `Response` on the
 * other.
 *
 * @module
 */
import { logError } from "../observe/log.ts";
import type { Application, Environ, ErrorStream, Handler, Info, Piece, Pieces, StartResponse } from "./contract.ts";
import { targetOf } from "./request_view.ts";

/** A WSGI application as a handler. What breaks the rules of PEP 3333 is thrown. */
export function fromApplication(application: Application): Handler {
  return async (request, info) => {
    const head = new ResponseHead();
    const result = await application(makeEnviron(request, info), head.startResponse);
    return await new PieceReader(result, head).respond(request.method === "HEAD");
  };
}

/** The environment of a request. */
export function makeEnviron(request: Request, info: Info): Environ {
  const url = new URL(request.url);
  const scheme = url.protocol === "https:" ? "https" : "http";
  const { path, query } = targetOf(request);
  const fields: Record<`HTTP_${string}`, string> = {};
  const environ: Environ = {
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: info.prefix,
    PATH_INFO: decodePath(path),
    QUERY_STRING: query.slice(1),
    CONTENT_TYPE: request.headers.get("content-type") ?? "",
    CONTENT_LENGTH: request.headers.get("content-length") ?? "",
    SERVER_NAME: url.hostname,
    SERVER_PORT: url.port === "" ? scheme === "https" ? "443" : "80" : url.port,
    SERVER_PROTOCOL: "HTTP/1.1",
    REMOTE_ADDR: info.remoteAddr.hostname,
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": scheme,
    "wsgi.input": request.body ?? new ReadableStream({ start: (controller) => controller.close() }),
    "wsgi.errors": errorStream(info),
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "stackd.info": info,
  };
  request.headers.forEach((value, name) => {
    // Two names must not become one: X_Forwarded_For is nobody's. HTTP_PROXY is a setting for some libraries (httpoxy).
    if (name.includes("_") || name === "proxy" || name === "content-type" || name === "content-length") return;
    fields[`HTTP_${name.toUpperCase().replaceAll("-", "_")}`] = value;
  });
  return { ...environ, ...fields };
}

/** Takes the percent-encoding off; bytes that are no UTF-8 become U+FFFD, and a `%` that begins nothing stays. */
function decodePath(path: string): string {
  return path.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const codes = run.slice(1).split("%");
    return new TextDecoder().decode(Uint8Array.from(codes, (code) => parseInt(code, 16)));
  });
}

function errorStream(info: Info): ErrorStream {
  let line = "";
  const write = (text: string) => {
    const lines = (line + text).split("\n");
    line = lines.pop() ?? "";
    for (const whole of lines) logError(`${whole} (request id ${info.requestId})`);
  };
  return {
    write,
    writelines(lines) {
      for (const text of lines) write(text);
    },
    flush() {
      if (line !== "") write("\n");
    },
  };
}

/** What `startResponse` was told. */
class ResponseHead {
  readonly written: Uint8Array[] = [];
  #status = 0;
  #reason = "";
  #headers: Headers | null = null;
  #sent = false;

  readonly startResponse: StartResponse = (status, headers, error) => {
    const given = error !== undefined && error !== null;
    if (given && this.#sent) throw error;
    if (!given && this.#headers !== null) throw new Error("startResponse() was called twice");
    const [, code, reason = ""] = /^([1-9]\d\d)(?: ([^\r\n]*))?$/.exec(status) ?? [];
    if (code === undefined) throw new Error(`startResponse() was called with the status ${JSON.stringify(status)}`);
    this.#headers = new Headers(headers.map(([name, value]): [string, string] => [name, value]));
    this.#status = Number(code);
    this.#reason = reason;
    return (piece) => this.written.push(toBytes(piece));
  };

  /** The response with `body`; from now on the head is sent. */
  respond(body: BodyInit | null, length: number | null): Response {
    if (this.#headers === null) throw new Error("The application never called startResponse()");
    this.#sent = true;
    for (const name of HOP_BY_HOP) this.#headers.delete(name);
    const bodiless = this.#status === 204 || this.#status === 205 || this.#status === 304;
    if (length !== null && !bodiless && !this.#headers.has("content-length")) {
      this.#headers.set("content-length", String(length));
    }
    const init = { status: this.#status, statusText: this.#reason, headers: this.#headers };
    return new Response(bodiless ? null : body, init);
  }
}

/** Fields that belong to a connection, which is not the application's (PEP 3333, "Other HTTP Features"). */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Reads an application's result: up to its first piece before there is a response, the rest as it is sent. */
class PieceReader {
  readonly #head: ResponseHead;
  readonly #result: Piece | Pieces;
  readonly #next: () => IteratorResult<Piece> | Promise<IteratorResult<Piece>>;
  #closed = false;

  constructor(result: Piece | Pieces, head: ResponseHead) {
    this.#head = head;
    this.#result = result;
    const iterator = iterate(result);
    this.#next = () => iterator.next();
  }

  /** The response, as soon as its head is known. To HEAD, an application may leave out the body: its length says nothing. */
  async respond(isHead: boolean): Promise<Response> {
    try {
      // A list is all there; its length can be told.
      const whole = typeof this.#result === "string" || this.#result instanceof Uint8Array ||
        Array.isArray(this.#result);
      const first = await this.#read(whole);
      if (!whole && first.length > 0) return this.#head.respond(this.#stream(first), null);
      const body = join(first);
      const response = this.#head.respond(body, isHead ? null : body.length);
      await this.#close();
      return response;
    } catch (thrown) {
      await this.#close();
      throw thrown;
    }
  }

  /** The pieces up to the first one that is not empty, or all of them. */
  async #read(all: boolean): Promise<Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    for (let step; !(step = await this.#next()).done;) {
      const bytes = toBytes(step.value);
      if (bytes.length > 0) pieces.push(bytes);
      if (!all && pieces.length > 0) break;
    }
    return [...this.#head.written.splice(0), ...pieces];
  }

  #stream(first: Uint8Array[]): ReadableStream<Uint8Array> {
    const waiting = first;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          if (waiting.length === 0) waiting.push(...await this.#read(false));
          const piece = waiting.shift();
          if (piece !== undefined) return controller.enqueue(piece);
          await this.#close();
          controller.close();
        } catch (thrown) {
          await this.#close();
          throw thrown;
        }
      },
      cancel: () => this.#close(),
    }, { highWaterMark: 0 });
  }

  /** Calls the result's `close()`, once; the answer is not the worse for what it throws. */
  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const close: unknown = Reflect.get(Object(this.#result), "close");
    if (typeof close !== "function") return;
    try {
      await close.call(this.#result);
    } catch (thrown) {
      logError(`close() of a WSGI application's result failed: ${thrown}`);
    }
  }
}

function iterate(result: unknown): Iterator<Piece> | AsyncIterator<Piece> {
  // A string is one piece, not one for each of its characters; so are bytes.
  if (typeof result === "string" || result instanceof Uint8Array) return [result].values();
  const make: unknown = Reflect.get(Object(result), Symbol.asyncIterator) ??
    Reflect.get(Object(result), Symbol.iterator);
  if (typeof make === "function") return make.call(result);
  throw new TypeError(`The application returned ${Deno.inspect(result)} instead of an iterable of strings or bytes`);
}

function toBytes(piece: unknown): Uint8Array {
  if (typeof piece === "string") return new TextEncoder().encode(piece);
  if (piece instanceof Uint8Array) return piece;
  throw new TypeError(`The application gave ${Deno.inspect(piece)} as a piece instead of a string or bytes`);
}

function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
