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

/**
 * Writes the line. The body's size is what the response declares: to count the bytes, every body would have to be taken
 * through JavaScript, for more than the rest of the request costs.
 */
export function logRequest(log: AccessLog, request: Request, info: RequestInfo, response: Response): void {
  let target = "", referer = null, userAgent = null;
  try {
    const { path, query } = targetOf(request);
    const headers = rawHeaders(request);
    target = path + query;
    referer = headers.get("referer");
    userAgent = headers.get("user-agent");
  } catch { /* the client left; the line says so */ }
  log.write({
    remoteAddress: info.remoteAddr.hostname,
    requestLine: `${request.method} ${target} HTTP/1.1`,
    status: target === "" || info.clientLeft ? CLIENT_LEFT : response.status,
    bytes: bytesOf(request, response),
    referer,
    userAgent,
  });
}

function bytesOf(request: Request, response: Response): number | null {
  const { status } = response;
  if (request.method === "HEAD" || status === 204 || status === 304 || status === 101) return 0;
  const declared = response.headers.get("content-length");
  return declared === null ? null : Number(declared);
}
