/**
 * The request that a packet's variables are: what a gateway needs to write it as HTTP. Names are RFC 3875's and those that
 * nginx's uwsgi_params add.
 *
 * @module
 */
import { isIpv4, isIpv6 } from "../config/network.ts";
import { latin1, TOKEN, VALUE } from "../http1/bytes.ts";
import { parseContentLength } from "../http1/fields.ts";
import { isHost } from "../http1/host.ts";
import { UwsgiError } from "./error.ts";
import { type FieldLine, fieldOf } from "./fields.ts";
import { buildTarget, parseTarget } from "./target.ts";

/** A request, checked: nothing in it can end a line of a head. Paths are Latin-1, a character for each byte. */
export interface UwsgiRequest {
  readonly method: string;
  /** In origin-form and encoded, as the client sent it, whatever nginx rewrote; `*` for `OPTIONS *`. */
  readonly target: string;
  /** SCRIPT_NAME, decoded; empty when absent, as the next two. Any byte may be in these three. */
  readonly scriptName: string;
  /** PATH_INFO, decoded. With nginx this is the path after its rewrites, dot segments removed. */
  readonly pathInfo: string;
  /** QUERY_STRING, encoded as it was sent. */
  readonly queryString: string;
  /** SERVER_PROTOCOL: what the client speaks with the server in front; `HTTP/1.1` when absent. */
  readonly protocol: string;
  readonly scheme: "http" | "https";
  /** The host, with a port if one was said: of HTTP_HOST, else SERVER_NAME and SERVER_PORT; empty when neither is a host. */
  readonly host: string;
  /** REMOTE_ADDR; null for a client on a unix socket or when absent. To be believed as far as the peer is. */
  readonly remoteAddress: string | null;
  readonly remotePort: number | null;
  /** Bytes of the body behind the packet; null for none. */
  readonly contentLength: number | null;
  readonly contentType: string | null;
  /** Every other field, names in lower case: none for one hop, no Host, no Content-Type, no Content-Length, no Proxy. */
  readonly fields: readonly FieldLine[];
}

/**
 * The request of `vars`, as `decodePacket` gives them. Throws {@linkcode UwsgiError}. `UWSGI_*` variables make uWSGI load
 * files and run code; here they, and all others that are not named, do nothing.
 */
export function requestFrom(vars: ReadonlyMap<string, string>): UwsgiRequest {
  const method = methodOf(vars.get("REQUEST_METHOD") ?? "");
  const scriptName = vars.get("SCRIPT_NAME") ?? "", pathInfo = vars.get("PATH_INFO") ?? "";
  const queryString = vars.get("QUERY_STRING") ?? "";
  const uri = vars.get("REQUEST_URI") ?? "";
  const parsed = uri === ""
    ? { target: buildTarget(scriptName, pathInfo, queryString, method), host: null }
    : parseTarget(uri, method);
  const scheme = schemeOf(vars);
  const contentType = vars.get("CONTENT_TYPE") ?? "";
  checkValue(contentType, "CONTENT_TYPE");
  return {
    method,
    target: parsed.target,
    scriptName,
    pathInfo,
    queryString,
    protocol: protocolOf(vars.get("SERVER_PROTOCOL") ?? ""),
    scheme,
    // RFC 9112 §3.2.2: the host of an absolute-form target replaces Host.
    host: parsed.host ?? hostOf(vars, scheme),
    remoteAddress: addressOf(vars.get("REMOTE_ADDR") ?? ""),
    remotePort: portOf(vars, "REMOTE_PORT"),
    contentLength: contentLengthOf(vars.get("CONTENT_LENGTH") ?? ""),
    contentType: contentType === "" ? null : contentType,
    fields: fieldsOf(vars),
  };
}

function methodOf(method: string): string {
  if (method === "") throw new UwsgiError("no REQUEST_METHOD");
  for (let i = 0; i < method.length; i++) {
    if (!(TOKEN[method.charCodeAt(i)] > 0)) throw new UwsgiError("an invalid REQUEST_METHOD");
  }
  if (method === "CONNECT" || method === "TRACE") throw new UwsgiError("CONNECT or TRACE", 405);
  return method;
}

function protocolOf(protocol: string): string {
  if (protocol === "") return "HTTP/1.1";
  if (!/^HTTP\/\d(?:\.\d)?$/.test(protocol)) throw new UwsgiError("an invalid SERVER_PROTOCOL");
  return protocol;
}

function schemeOf(vars: ReadonlyMap<string, string>): "http" | "https" {
  const https = vars.get("HTTPS") ?? "";
  if (https === "on" || https === "1" || https === "ON") return "https";
  return vars.get("REQUEST_SCHEME") === "https" ? "https" : "http";
}

/** A client's Host has to be one; SERVER_NAME may be nginx's `_`, a wildcard or a regular expression, which is none. */
function hostOf(vars: ReadonlyMap<string, string>, scheme: "http" | "https"): string {
  const host = vars.get("HTTP_HOST") ?? "";
  if (host !== "") {
    if (!isHost(latin1(host), 0, host.length)) throw new UwsgiError("an invalid HTTP_HOST");
    return host;
  }
  const port = portOf(vars, "SERVER_PORT");
  const name = vars.get("SERVER_NAME") ?? "";
  if (name === "" || name === "_" || !isHost(latin1(name), 0, name.length)) return "";
  const isDefault = port === null || port === 0 || port === (scheme === "https" ? 443 : 80);
  return isDefault || /:\d*$/.test(name) ? name : `${name}:${port}`;
}

/** Garbage is refused: taken for nobody's address it might be trusted like a peer on a unix socket. */
function addressOf(address: string): string | null {
  if (address === "" || address === "unix:") return null;
  if (!isIpv4(address) && !isIpv6(address)) throw new UwsgiError("an invalid REMOTE_ADDR");
  return address;
}

function portOf(vars: ReadonlyMap<string, string>, name: "REMOTE_PORT" | "SERVER_PORT"): number | null {
  const port = vars.get(name) ?? "";
  if (port === "") return null;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new UwsgiError(`an invalid ${name}`);
  return Number(port);
}

/** A bad one is never taken for 0: the body would be read as the next thing on the connection. */
function contentLengthOf(length: string): number | null {
  if (length === "") return null;
  const value = parseContentLength(latin1(length), 0, length.length);
  if (value < 0) throw new UwsgiError("an invalid CONTENT_LENGTH");
  return value;
}

/**
 * Fields. What HTTP_CONNECTION names stays: nginx passes it on from the client, who could name away what nginx itself says
 * (`uwsgi_param HTTP_X_REAL_IP …`).
 */
function fieldsOf(vars: ReadonlyMap<string, string>): FieldLine[] {
  const fields: FieldLine[] = [];
  for (const [variable, value] of vars) {
    if (!variable.startsWith("HTTP_")) continue;
    const name = fieldOf(variable);
    if (name === null) continue;
    if (name === "") throw new UwsgiError("a field without a name");
    checkValue(value, variable);
    fields.push([name, value]);
  }
  return fields;
}

function checkValue(value: string, variable: string): void {
  for (let i = 0; i < value.length; i++) {
    if (VALUE[value.charCodeAt(i)] !== 1) throw new UwsgiError(`a control character in ${variable}`);
  }
}
