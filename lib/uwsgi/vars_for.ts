/**
 * The variables of a request, as nginx's uwsgi_params make them, for an application behind a uwsgi socket. Clients' requests are
 * written as bytes by `PacketWriter`; this is the same in a form that can be read.
 *
 * @module
 */
import { type FieldLine, variableOf } from "./fields.ts";
import { decodePath } from "./target.ts";

/** A request as a proxy has it. What a `RequestHead` gives is named. */
export interface VarsSource {
  /** `head.method(bytes)`. */
  readonly method: string;
  /** `head.target(bytes)`: as the client sent it. */
  readonly target: string;
  /**
   * The path that routes were matched with, encoded: the target's up to `pathEnd`, or its normal form when
   * `head.irregularPath`. The application so gets the path that rules were applied to.
   */
  readonly path: string;
  /** The prefix that the application is mounted under, in the path's form; empty for the root. */
  readonly prefix: string;
  /** `head.host(bytes)`; empty when there is none. */
  readonly host: string;
  /** What the client speaks: `HTTP/1.0` or `HTTP/1.1`, by `head.minor`. */
  readonly protocol: string;
  readonly scheme: "http" | "https";
  /** The client's address; null for a unix socket. */
  readonly remoteAddress: string | null;
  readonly remotePort: number | null;
  /** The port that the request came in on; null for a unix socket: that of the host, or the scheme's. */
  readonly serverPort: number | null;
  /**
   * Bytes of the body that follows the packet; null for none. A chunked one has to be received whole before, since the
   * protocol knows no other end.
   */
  readonly contentLength: number | null;
  /** `fieldLines(head.fields, bytes, HOP_BY_HOP)`, and what the proxy adds or changes. */
  readonly fields: Iterable<FieldLine>;
}

/** A host and its port, if it has one. */
const HOST = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;

/** SERVER_NAME and SERVER_PORT of a request to `host`; PEP 3333: neither is ever empty. */
export function serverOf(host: string, scheme: "http" | "https"): { readonly name: string; readonly port: string } {
  const [, name = "", port = ""] = HOST.exec(host) ?? [];
  return { name: name === "" ? "localhost" : name, port: port === "" ? scheme === "https" ? "443" : "80" : port };
}

/**
 * The variables of `source`; for `encodePacket`. DOCUMENT_ROOT is left out: there is none. Throws `UwsgiError` for a path
 * that nginx would refuse, and TypeError for a prefix that the path does not begin with.
 */
export function varsFor(source: VarsSource): Map<string, string> {
  const { path, prefix, scheme, target } = source;
  if (!path.startsWith(prefix) || (path.length > prefix.length && prefix !== "" && path[prefix.length] !== "/")) {
    throw new TypeError(`Cannot mount "${path}": it is not under "${prefix}"`);
  }
  const query = target.indexOf("?");
  const server = serverOf(source.host, scheme);
  const decoded = decodePath(path), scriptName = decodePath(prefix);
  const vars = new Map([
    ["QUERY_STRING", query === -1 ? "" : target.slice(query + 1)],
    ["REQUEST_METHOD", source.method],
    ["CONTENT_TYPE", ""],
    ["CONTENT_LENGTH", source.contentLength === null ? "" : String(source.contentLength)],
    ["REQUEST_URI", target],
    ["SCRIPT_NAME", scriptName],
    ["PATH_INFO", decoded.slice(scriptName.length)],
    ["SERVER_PROTOCOL", source.protocol],
    ["REQUEST_SCHEME", scheme],
    ["REMOTE_ADDR", source.remoteAddress ?? "unix:"],
    ["REMOTE_PORT", source.remotePort === null ? "" : String(source.remotePort)],
    ["SERVER_PORT", source.serverPort === null ? server.port : String(source.serverPort)],
    ["SERVER_NAME", server.name],
  ]);
  if (scheme === "https") vars.set("HTTPS", "on");
  if (source.host !== "") vars.set("HTTP_HOST", source.host);
  for (const [field, value] of source.fields) addField(vars, field, value);
  return vars;
}

/** Several lines of one field are joined (RFC 9110 §5.3), Cookie as RFC 6265 §5.4 has it. */
function addField(vars: Map<string, string>, field: string, value: string): void {
  const variable = variableOf(field);
  if (variable === null) {
    if (field.length === 12 && field.toLowerCase() === "content-type") vars.set("CONTENT_TYPE", value);
    return;
  }
  const before = vars.get(variable);
  const separator = variable === "HTTP_COOKIE" ? "; " : ", ";
  vars.set(variable, before === undefined ? value : before + separator + value);
}
