/**
 * Request-targets and the paths in variables: a target is percent-encoded ASCII, PATH_INFO and SCRIPT_NAME are the bytes it
 * stands for (RFC 3875 §4.1.5), a character for each.
 *
 * @module
 */
import { latin1, TARGET } from "../http1/bytes.ts";
import { isHost } from "../http1/host.ts";
import { UwsgiError } from "./error.ts";

/** What may stand for itself in a path (RFC 3986 §3.3); `%` and `?` may not. */
const PATH = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g;
const BEYOND_ASCII = /[\x80-\xff]/g;
const HTTP_URL = /^https?:\/\/([^/?]*)(.*)$/is;

/** A request-target in origin-form (`*` for `OPTIONS *`), and the host of one in absolute-form. */
export interface Target {
  readonly target: string;
  readonly host: string | null;
}

/**
 * The target in REQUEST_URI, as `RequestHead` takes it from a request line, but for bytes beyond ASCII, which nginx lets
 * through and which are encoded here. Throws {@linkcode UwsgiError}.
 */
export function parseTarget(uri: string, method: string): Target {
  const target = encodeRest(uri, "REQUEST_URI");
  if (target.startsWith("/") || (target === "*" && method === "OPTIONS")) return { target, host: null };
  const url = HTTP_URL.exec(target);
  if (url === null) throw new UwsgiError("REQUEST_URI is neither a path nor an http URL");
  const [, host, rest] = url;
  if (!isHost(latin1(host), 0, host.length)) throw new UwsgiError("an invalid host in REQUEST_URI");
  if (rest === "" && method === "OPTIONS") return { target: "*", host };
  return { target: rest.startsWith("/") ? rest : `/${rest}`, host };
}

/** The target that SCRIPT_NAME, PATH_INFO and QUERY_STRING came from (PEP 3333, URL Reconstruction). */
export function buildTarget(scriptName: string, pathInfo: string, query: string, method: string): string {
  const path = scriptName + pathInfo;
  if (path === "*" && method === "OPTIONS") return path;
  if (path !== "" && !path.startsWith("/")) throw new UwsgiError("a path that does not begin with a slash");
  const encoded = path === "" ? "/" : path.replace(PATH, escape);
  return query === "" ? encoded : `${encoded}?${encodeRest(query, "QUERY_STRING")}`;
}

/**
 * The bytes that a path stands for, decoded once. Throws {@linkcode UwsgiError} for what nginx refuses as well: an escape
 * that is none, a NUL, where many a program would take the path to end, and a step up, which in a normal form only decoding
 * shows (`/a%2F..`): past the rules that were made for the path.
 */
export function decodePath(path: string): string {
  let decoded = path;
  if (path.includes("%")) {
    if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw new UwsgiError("an invalid escape in the path");
    decoded = path.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    if (decoded.includes("\0")) throw new UwsgiError("a NUL in the path");
  }
  if (decoded.includes("..") && /(?:^|\/)\.\.(?:\/|$)/.test(decoded)) throw new UwsgiError("a path that climbs");
  return decoded;
}

/** Encodes bytes beyond ASCII, and refuses what no target has. */
function encodeRest(text: string, name: string): string {
  let ascii = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127 && code < 256) ascii = false;
    else if (code === 35) throw new UwsgiError(`a fragment in ${name}`);
    else if (!(TARGET[code] > 0)) throw new UwsgiError(`a character in ${name} that is not allowed`);
  }
  return ascii ? text : text.replace(BEYOND_ASCII, escape);
}

function escape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
