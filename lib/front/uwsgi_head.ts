/**
 * A request of the uwsgi protocol as the HTTP head that the engine reads: from there on it is a request like any other.
 *
 * @module
 */
import type { UwsgiRequest } from "../uwsgi/request_vars.ts";
import { buildTarget } from "../uwsgi/target.ts";
import { normalizePath } from "./path.ts";

/** A request as the engine gets it. */
export interface HttpForm {
  /** A character a byte. */
  readonly head: string;
  /** SCRIPT_NAME as it stands in the path's normal form; empty when it is, or when the path is not below it. */
  readonly prefix: string;
}

/**
 * `request` in HTTP. Its head says that it is the last on its connection, since a packet is; HTTP/1.0 stands in it where there
 * is no Host to name. Throws `UwsgiError` for a path that cannot be one.
 */
export function toHttp(request: UwsgiRequest): HttpForm {
  const { method, protocol, host, contentType, contentLength, fields } = request;
  const version = host === "" || /^HTTP\/(?:0|1\.0)/.test(protocol) ? "HTTP/1.0" : "HTTP/1.1";
  const target = targetOf(request);
  let head = `${method} ${target} ${version}\r\n`;
  if (host !== "") head += `Host: ${host}\r\n`;
  if (contentType !== null) head += `Content-Type: ${contentType}\r\n`;
  if (contentLength !== null) head += `Content-Length: ${contentLength}\r\n`;
  for (const [name, value] of fields) head += `${name}: ${value}\r\n`;
  return { head: `${head}Connection: close\r\n\r\n`, prefix: prefixOf(request.scriptName, target) };
}

function prefixOf(scriptName: string, target: string): string {
  const name = scriptName.replace(/\/+$/, "");
  if (!name.startsWith("/")) return "";
  const prefix = normalizePath(buildTarget(name, "", "", "")), path = normalizePath(target.split("?", 1)[0]);
  return prefix !== null && path !== null && `${path}/`.startsWith(`${prefix}/`) ? prefix : "";
}

/**
 * The target as the client sent it, as long as it means what PATH_INFO says. Where it does not, the server in front has
 * rewritten the path, and its rules were made for the new one: that counts, as it does with nginx's proxy_pass.
 */
function targetOf({ method, target, scriptName, pathInfo, queryString }: UwsgiRequest): string {
  if (target === "*" || (pathInfo === "" && scriptName === "")) return target;
  const query = target.indexOf("?"), path = query === -1 ? target : target.slice(0, query);
  if (!path.includes("%") && (path === pathInfo || path === scriptName + pathInfo)) return target;
  const sent = meaningOf(path);
  // What has no meaning is refused by whoever reads the head.
  if (sent === null || sent === meaningOf(buildTarget("", pathInfo, "", method))) return target;
  const built = buildTarget(scriptName, pathInfo, queryString, method);
  return sent === meaningOf(built.split("?", 1)[0]) ? target : built;
}

/** The bytes that an encoded path stands for when slashes are merged and dot segments removed; null for a path that is none. */
function meaningOf(path: string): string | null {
  const normal = normalizePath(path);
  if (normal === null || !normal.includes("%")) return normal;
  const decoded = normal.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  // An encoded slash is one to nginx, and one more beside another.
  return decoded.replace(/\/{2,}/g, "/");
}
