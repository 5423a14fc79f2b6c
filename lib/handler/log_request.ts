/**
 * A request that a worker answered by itself, as a line of the access log.
 *
 * @module
 */
import type { AccessLog } from "../observe/access_log.ts";
import type { RequestInfo } from "./info.ts";
import { rawHeaders, targetOf } from "./request_view.ts";

/** Client left before it was answered, as nginx writes it. */
const CLIENT_LEFT = 499;
/** Statuses of responses that have no body (https://fetch.spec.whatwg.org/#null-body-status). */
const NO_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);
/** Deno does not say which version it was. */
const PROTOCOL = "HTTP/1.1";

/**
 * Writes the line. `begun`: when the request came, monotonic ms. The body's size is what the response declares: to count the bytes, every body would have to be taken
 * through JavaScript, for more than the rest of the request costs.
 */
export function logRequest(
  log: AccessLog,
  request: Request,
  info: RequestInfo,
  response: Response,
  begun: number,
): void {
  let target = "", host = "", headers: Headers | null = null;
  try {
    const { path, query } = targetOf(request);
    headers = rawHeaders(request);
    target = path + query;
    host = headers.get("host") ?? "";
  } catch { /* the client left; the line says so */ }
  const field = (name: string) => {
    try {
      return headers?.get(name) ?? null;
    } catch {
      return null; // the request became a WebSocket, and nobody had asked for this before
    }
  };
  const { method } = request;
  const entry = {
    remoteAddress: info.remoteAddr.hostname,
    requestLine: `${method} ${target} ${PROTOCOL}`,
    status: target === "" || info.clientLeft ? CLIENT_LEFT : response.status,
    bytes: bytesOf(request, response),
  };
  if (!log.takesRecords) {
    return log.write({ ...entry, referer: field("referer"), userAgent: field("user-agent") });
  }
  log.writeRecord({
    ...entry,
    method,
    target,
    protocol: PROTOCOL,
    host: host.toLowerCase().replace(/:\d*$/, ""),
    requestId: info.requestId,
    duration: performance.now() - begun,
    upstreams: [],
    field,
  });
}

function bytesOf(request: Request, response: Response): number | null {
  const { status } = response;
  if (request.method === "HEAD" || NO_BODY.has(status)) return 0;
  const declared = response.headers.get("content-length");
  return declared === null ? null : Number(declared);
}
