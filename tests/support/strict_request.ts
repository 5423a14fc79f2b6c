/**
 * Requests as an upstream should see them from a proxy it can rely on: anything unusual is a fault. It shares nothing with
 * lib/, so that what stackd writes is judged by someone else.
 *
 * @module
 */
import type { RawField } from "./raw_http.ts";

/** A request as the upstream understood it. */
export interface SeenRequest {
  /** Which connection it came on, from 1. */
  readonly connection: number;
  readonly method: string;
  readonly target: string;
  readonly fields: readonly RawField[];
  /** The head's exact bytes, one character each. */
  readonly head: string;
  /** The payload so far. */
  readonly body: string;
  /** Whether all of it has come. */
  readonly complete: boolean;
  /** Resolves when all of it has come; never when the connection ends before. */
  readonly finished: Promise<void>;
}

/** What a {@linkcode StrictRequestReader} tells. */
export interface RequestEvents {
  /** A head has come. */
  onRequest(request: SeenRequest): void;
  /** Something that is not a request, as RFC 9112 has a sender write it. Nothing more is read. */
  onFault(what: string): void;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (\/[!-"$-~]*|\*) HTTP\/1\.1$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?[ \t]*$/;

class Request implements SeenRequest {
  readonly #pieces: string[] = [];
  readonly #finished = Promise.withResolvers<void>();
  readonly finished = this.#finished.promise;
  complete = false;

  constructor(
    readonly connection: number,
    readonly method: string,
    readonly target: string,
    readonly fields: readonly RawField[],
    readonly head: string,
  ) {}

  get body(): string {
    return this.#pieces.join("");
  }

  add(piece: string): void {
    if (piece !== "") this.#pieces.push(piece);
  }

  finish(): void {
    this.complete = true;
    this.#finished.resolve();
  }
}

/** Reads the requests of one connection. */
export class StrictRequestReader {
  readonly #connection: number;
  readonly #events: RequestEvents;
  #text = "";
  #request: Request | null = null;
  /** Payload bytes to come; in a chunked body: of the chunk. */
  #left = 0;
  #state: "head" | "length" | "size" | "data" | "data-end" | "end" | "fault" = "head";

  constructor(connection: number, events: RequestEvents) {
    this.#connection = connection;
    this.#events = events;
  }

  /** Whether a request has begun and not ended. */
  get within(): boolean {
    return this.#state !== "head" || this.#text !== "";
  }

  push(text: string): void {
    this.#text += text;
    try {
      while (this.#step());
    } catch (thrown) {
      this.#state = "fault";
      this.#events.onFault(`${(thrown as Error).message}: ${JSON.stringify(this.#text.slice(0, 300))}`);
    }
  }

  /** Does one thing; false when more is needed for the next. */
  #step(): boolean {
    switch (this.#state) {
      case "head":
        return this.#head();
      case "length":
        return this.#payload("head");
      case "data":
        return this.#payload("data-end");
      case "size":
        return this.#line((line) => {
          if (!/^[0-9a-f]{1,8}$/.test(line)) throw new Error("a chunk without a plain size");
          this.#left = parseInt(line, 16);
          this.#state = this.#left === 0 ? "end" : "data";
        });
      case "data-end":
        return this.#line((line) => {
          if (line !== "") throw new Error("a chunk that is longer than its size");
          this.#state = "size";
        });
      case "end":
        return this.#line((line) => {
          if (line !== "") throw new Error("a trailer field");
          this.#finish();
        });
      case "fault":
        return false;
    }
  }

  #line(take: (line: string) => void): boolean {
    const end = this.#text.indexOf("\n");
    if (end === -1) return false;
    if (this.#text[end - 1] !== "\r") throw new Error("a line without CRLF");
    take(this.#text.slice(0, end - 1));
    this.#text = this.#text.slice(end + 1);
    return true;
  }

  #payload(next: "head" | "data-end"): boolean {
    const piece = this.#text.slice(0, this.#left);
    this.#request?.add(piece);
    this.#text = this.#text.slice(piece.length);
    this.#left -= piece.length;
    if (this.#left > 0) return false;
    if (next === "head") this.#finish();
    else this.#state = next;
    return true;
  }

  #finish(): void {
    this.#state = "head";
    this.#request?.finish();
    this.#request = null;
  }

  #head(): boolean {
    const end = this.#text.indexOf("\r\n\r\n");
    if (end === -1) {
      if (/^[\r\n ]/.test(this.#text)) throw new Error("a request that does not begin with a method");
      return false;
    }
    const head = this.#text.slice(0, end + 4);
    const [requestLine, ...lines] = head.slice(0, -4).split("\r\n");
    const [, method, target] = REQUEST_LINE.exec(requestLine) ?? [];
    if (method === undefined || target === undefined) throw new Error("not a request line");
    const fields = lines.map((line): RawField => {
      const [, name, value = ""] = FIELD_LINE.exec(line) ?? [];
      if (name === undefined) throw new Error("not a field line");
      return [name, value];
    });
    const request = this.#request = new Request(this.#connection, method, target, fields, head);
    this.#frame(fields);
    this.#text = this.#text.slice(head.length);
    this.#events.onRequest(request);
    if (this.#state === "head") this.#finish();
    return true;
  }

  #frame(fields: readonly RawField[]): void {
    const values = (wanted: string) =>
      fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
    const lengths = values("content-length"), codings = values("transfer-encoding");
    if (values("host").length !== 1) throw new Error("not exactly one Host");
    if (lengths.length + codings.length > 1) throw new Error("a body framed twice");
    if (codings.length === 1) {
      if (codings[0] !== "chunked") throw new Error("an unknown transfer coding");
      this.#state = "size";
    } else if (lengths.length === 1) {
      if (!/^\d+$/.test(lengths[0])) throw new Error("an invalid Content-Length");
      this.#left = Number(lengths[0]);
      if (this.#left > 0) this.#state = "length";
    }
  }
}
