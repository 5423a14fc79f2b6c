/**
 * What of a response is not its handler's to say on a worker's socket, because it is about the connection, or about how the message ends.
 *
 * @module
 */
import { DenoResponse } from "./deno_response.ts";
import { innerOf, type InnerResponse } from "./inner_response.ts";

/** Fields for one hop (RFC 9110 §7.6.1, RFC 2616 §13.5.1), in lower case. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** The lengths of their names: most fields are told by that. */
const LENGTHS = [...HOP_BY_HOP].reduce((bits, { length }) => bits | (1 << length), 0);
/** Connection may not name these away: they frame the message. */
const NEVER_NAMED: ReadonlySet<string> = new Set(["content-length", "content-type"]);

/** Takes a response's fields for one hop off, and those that its Connection names. A 101 keeps what makes it one. */
export function dropHopByHop(response: Response, { headerList: list, status }: InnerResponse): void {
  if (!hasHopByHop(list) || status === 101) return;
  const named = list.filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.toLowerCase().split(",").map((option) => option.trim()))
    .filter((option) => !NEVER_NAMED.has(option));
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  const { headers } = response;
  try {
    for (const [name] of [...list]) if (dropped.has(name.toLowerCase())) headers.delete(name);
  } catch {
    // A redirect's fields, and those of a fetched response, can be changed only where they are kept.
    for (let at = list.length - 1; at >= 0; at--) {
      if (dropped.has(list[at]?.[0].toLowerCase() ?? "")) list.splice(at, 1);
    }
  }
}

function hasHopByHop(list: InnerResponse["headerList"]): boolean {
  for (const [name] of list) {
    const { length } = name;
    if (length < 32 && (LENGTHS & (1 << length)) !== 0 && HOP_BY_HOP.has(name.toLowerCase())) return true;
  }
  return false;
}

/** The response as the last one on its connection. */
export function asLast(response: Response): Response {
  if (response.status === 101) return response;
  try {
    response.headers.set("connection", "close");
    return response;
  } catch {
    const list = innerOf(response)?.headerList;
    if (list !== undefined) {
      list.push(["connection", "close"]);
      return response;
    }
    const headers = new Headers(response.headers);
    headers.set("connection", "close");
    const { body, status, statusText } = response;
    return new DenoResponse(body, { status, statusText, headers });
  }
}

/** What the body of a response to {@linkcode endWithConnection} fails by, which is no failure. */
export const END = new DOMException("The connection ends here", "AbortError");

/**
 * A 205 has no content, but has to say so (RFC 9110 §15.3.6), or clients wait for the end of the connection; and Deno 2.9.4 takes off
 * whatever says it. So the connection does end: the same answer with a body that fails before it has begun.
 */
export function endWithConnection(response: Response): Response {
  const { headers } = response;
  const ending = new DenoResponse(
    new ReadableStream({
      pull(controller) {
        // The head has to be on its way.
        return new Promise((resolve) =>
          setTimeout(() => {
            controller.error(END);
            resolve();
          })
        );
      },
    }, { highWaterMark: 0 }),
    { headers },
  );
  const inner = innerOf(ending);
  if (inner === null) return response;
  inner.status = response.status;
  ending.headers.set("connection", "close");
  return ending;
}
