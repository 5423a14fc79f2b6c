/**
 * What came instead of a WSGI request: a sentence for whoever has to find the wrong line in a configuration.
 *
 * @module
 */
import { text } from "../http1/bytes.ts";

/** Packet types by modifier1, as the uWSGI docs' Protocol page lists them. */
const MODIFIERS: ReadonlyMap<number, string> = new Map([
  [1, "reserved"],
  [2, "reserved"],
  [3, "reserved"],
  [5, "a PSGI request, for Perl"],
  [6, "a WSAPI request, for Lua"],
  [7, "a RACK request, for Ruby"],
  [8, "a JWSGI or Ring request, for the JVM"],
  [9, "a CGI request"],
  [10, "the management interface"],
  [14, "a PHP request"],
  [15, "an ASP.NET request, for Mono"],
  [17, "a job for the spooler"],
  [18, "a call of a C symbol"],
  [22, "code to evaluate"],
  [23, "an XSLT request"],
  [24, "a V8 request"],
  [25, "a GridFS request"],
  [26, "a GlusterFS request"],
  [27, "a FastFunc"],
  [30, "a WSGI request whose SCRIPT_NAME is still to be taken off PATH_INFO"],
  [31, "a message"],
  [32, "an array"],
  [33, "a marshalled object"],
  [48, "SNMP"],
  [72, "an HTTP response"],
  [73, "an announcement"],
  [74, "a multicast message"],
  [95, "cluster membership"],
  [96, "a log message"],
  [97, "a brutal reload"],
  [98, "a graceful reload"],
  [99, "a request for configuration"],
  [100, "a ping"],
  [101, "an echo"],
  [109, "a legion message"],
  [110, "a signal"],
  [111, "a cache operation"],
  [173, "RPC"],
  [200, "the end of a persistent connection"],
  [224, "a subscription"],
  [255, "a generic response"],
]);

const METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND", "PRI"];

/** What bytes[start, end) is, whose first byte is not 0; `end` is behind `start`. */
export function foreign(bytes: Uint8Array, start: number, end: number): string {
  const sent = text(bytes, start, Math.min(end, start + 9));
  if (METHODS.some((method) => begins(sent, `${method} `))) return "HTTP was sent to a uwsgi socket";
  if (begins(sent, "PROXY ") || sent.startsWith("\r\n\r\n")) return "a PROXY header was sent to a uwsgi socket";
  // A handshake record of TLS 1.x (RFC 8446 §5.1). uWSGI would take it for code.
  const isTls = end - start > 2 && bytes[start] === 22 && bytes[start + 1] === 3 && bytes[start + 2] <= 4;
  if (isTls) return "TLS was sent to a uwsgi socket";
  const modifier = bytes[start];
  return `modifier1 is ${modifier}, ${
    MODIFIERS.get(modifier) ?? "which nobody uses"
  }; only 0, a WSGI request, is taken`;
}

/** Whether one begins with the other: what was read may end anywhere. */
function begins(sent: string, word: string): boolean {
  return sent.startsWith(word) || word.startsWith(sent);
}
