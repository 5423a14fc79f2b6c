/**
 * What Deno keeps inside of a response, and asking for it in the standard's way would cost more than the rest of a request: its fields
 * as they were given, and its body as long as nobody has made a stream of it. Deno does not promise any of it, so it is looked for.
 *
 * @module
 */
import { symbolOf } from "../http1/runtime.ts";
import { DenoResponse } from "./deno_response.ts";

/** The inside of a response. */
export interface InnerResponse {
  status: number;
  /** Names as they were given, in any case. A Content-Type that only the body says may be missing. */
  readonly headerList: [name: string, value: string][];
  /** Null for none, and for text that Deno has put aside. */
  readonly body: InnerBody | null;
}

/** A body: a stream, or what it is to be made of. */
export interface InnerBody {
  streamOrStatic: unknown;
}

const DenoReadableStream = ReadableStream;
const RESPONSE = symbolOf(new DenoResponse(null), "response");
const stream = new ReadableStream();
const BACKING = symbolOf(stream, "[[resourceBacking]]"), ERROR = symbolOf(stream, "[[storedError]]");

/** The inside of `response`; null when this Deno keeps it elsewhere. */
export function innerOf(response: Response): InnerResponse | null {
  return RESPONSE === null
    ? null
    : (response as unknown as Record<symbol, InnerResponse | undefined>)[RESPONSE] ?? null;
}

/** The stream that JavaScript gives a body by; null for all others, that of a file or a connection among them. */
export function scriptedStream({ streamOrStatic: stream }: InnerBody): ReadableStream<Uint8Array<ArrayBuffer>> | null {
  if (!(stream instanceof DenoReadableStream) || BACKING === null || Reflect.get(stream, BACKING)) return null;
  return stream as ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** What a stream has failed by; undefined when it has not, or nobody knows. */
export function errorOf(stream: ReadableStream<unknown>): unknown {
  return ERROR === null ? undefined : Reflect.get(stream, ERROR);
}
