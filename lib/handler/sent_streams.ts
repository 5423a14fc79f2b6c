/**
 * Bodies that a handler streams. What goes wrong with them comes when the request is long over for the handler, and Deno does not say which
 * one it was; so they are known until they have been sent.
 *
 * @module
 */
import { logError } from "../observe/log.ts";
import { nameOf } from "./adapt.ts";
import type { RequestInfo } from "./info.ts";
import { errorOf, type InnerResponse } from "./inner_response.ts";
import { isMeasured } from "./measured.ts";
import { targetOf } from "./request_view.ts";

type Stream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** A body on its way. */
interface Sent {
  readonly stream: Stream;
  readonly name: () => string;
}

/** The bodies that are on their way. */
export class SentStreams {
  readonly #sent = new Set<Sent>();

  /**
   * Adds the stream that is a response's body. One that turns out not to have the length that is declared is logged.
   *
   * @param inner The response's inside.
   */
  add(
    given: Stream,
    { headerList, body }: InnerResponse,
    request: Request,
    info: RequestInfo,
    serve: Deno.ServeHandlerInfo,
  ): void {
    if (given.locked) return; // Deno says so
    try {
      targetOf(request); // else nobody could ask for it any more
      void info.requestId;
    } catch { /* the client has left */ }
    const name = () => nameOf(request, info);
    const length = request.method === "HEAD" || isMeasured(given) ? null : declaredLength(headerList);
    let stream = given;
    if (length !== null && body !== null) {
      stream = counted(given, length, (state) => {
        if (request.signal.aborted) return; // it ended because its client has left
        logError(`The body for ${name()} is ${state} than its Content-Length of ${length}`);
      });
      body.streamOrStatic = stream;
    }
    const entry: Sent = { stream, name };
    this.#sent.add(entry);
    const end = () => void this.#sent.delete(entry);
    serve.completed.then(end, end);
  }

  /** The request whose body has failed by `thrown`, for the log; null when it is not known. */
  failed(thrown: unknown): string | null {
    for (const entry of this.#sent) {
      if (thrown === undefined || errorOf(entry.stream) !== thrown) continue;
      this.#sent.delete(entry);
      return entry.name();
    }
    return null;
  }
}

/** The Content-Length among fields; null when it is not there, or none. */
function declaredLength(fields: readonly (readonly [name: string, value: string])[]): number | null {
  const value = fields.find(([name]) => name.length === 14 && name.toLowerCase() === "content-length")?.[1] ?? "";
  return /^\d{1,15}$/.test(value) ? Number(value) : null;
}

/** The same stream; `complain` is called once when more or less than `length` bytes come of it. */
function counted(stream: Stream, length: number, complain: (state: string) => void): Stream {
  const reader = stream.getReader();
  let left = length;
  return new ReadableStream({
    pull: (controller) =>
      reader.read().then(({ done, value }) => {
        if (done) {
          if (left > 0) complain(`${left} bytes shorter`);
          return controller.close();
        }
        const before = left;
        left -= value.byteLength;
        if (left < 0 && before >= 0) complain("longer");
        controller.enqueue(value);
      }),
    cancel: (reason) => reader.cancel(reason),
  });
}
