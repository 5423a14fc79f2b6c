/**
 * Addresses: what `--listen`, `--http`, `--socket` and `--upstream` name, read from text and printed back.
 *
 * @module
 */
import { resolve } from "@std/path";
import { isIpv4, isIpv6 } from "./network.ts";
import type { ListenAddress, UpstreamTarget } from "./options.ts";
import { ValueError } from "./values.ts";

/** Linux gives a unix socket's path 108 bytes, one of them the closing NUL (unix(7)). */
const MAX_SOCKET_PATH = 107;

/** The port of an upstream that names none (RFC 9110 4.2.1). */
const HTTP_PORT = 80;

/** A TCP address to listen on; an empty hostname means every address, IPv4 and IPv6. */
export type TcpAddress = Extract<ListenAddress, { transport: "tcp" }>;

/**
 * The value of `--listen`: `8080`, `:8080`, `localhost:8080`, `[::1]:8080`, or `unix:PATH`. Port 0 lets the system choose.
 *
 * @param cwd Where a relative path begins.
 * @throws {ValueError} When it is none of these.
 */
export function parseListen(text: string, cwd: string): ListenAddress {
  if (text.startsWith("unix:")) return { transport: "unix", path: parseSocketPath(text.slice("unix:".length), cwd) };
  if (text.includes("/")) throw new ValueError("an address is [HOST:]PORT or unix:PATH");
  return parseTcpListen(text);
}

/**
 * The value of `--http`: as {@linkcode parseListen}, without unix sockets.
 *
 * @throws {ValueError} When it is no TCP address.
 */
export function parseTcpListen(text: string): TcpAddress {
  if (text.startsWith("unix:")) throw new ValueError("an address is [HOST:]PORT here; a unix socket is --socket PATH");
  if (/^\d+$/.test(text)) return { transport: "tcp", hostname: "", port: parsePort(text, 0) };
  const { host, port } = splitHostPort(text);
  if (port === undefined) throw new ValueError("it has no port; an address is [HOST:]PORT");
  return { transport: "tcp", hostname: host === "" ? "" : parseHost(host), port: parsePort(port, 0) };
}

/**
 * One target of `--upstream`: `unix:PATH` or `http://HOST[:PORT]`.
 *
 * @param cwd Where a relative path begins.
 * @throws {ValueError} When it is neither, or names a path, a query or a user.
 */
export function parseTarget(text: string, cwd: string): UpstreamTarget {
  if (text.startsWith("unix:")) return { transport: "unix", path: parseSocketPath(text.slice("unix:".length), cwd) };
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) {
    const meant = text.includes("/") ? "" : text.includes(":") ? `; write "http://${text}"` : "";
    throw new ValueError(`a target is unix:PATH or http://HOST[:PORT]${meant}`);
  }
  if (scheme.toLowerCase() === "https") throw new ValueError("only http:// and unix: are spoken to upstreams, not TLS");
  if (scheme.toLowerCase() !== "http") {
    throw new ValueError(`"${scheme}" is not spoken to upstreams, only http:// and unix: are`);
  }
  const [authority = ""] = rest.split(/[/?#]/, 1);
  if (authority.includes("@")) throw new ValueError("a target names no user");
  if (authority === "unix:") throw new ValueError(`write "unix:${rest.slice(authority.length)}"`);
  if (authority !== rest) {
    throw new ValueError(`the path of a request goes on unchanged, so a target has none; write "http://${authority}"`);
  }
  const { host, port } = splitHostPort(authority);
  return { transport: "tcp", hostname: parseHost(host), port: port === undefined ? HTTP_PORT : parsePort(port, 1) };
}

/**
 * The path of a unix socket, made absolute.
 *
 * @param cwd Where a relative path begins.
 * @throws {ValueError} When it is empty, names a directory, or is longer than the system allows.
 */
export function parseSocketPath(path: string, cwd: string): string {
  if (path === "") throw new ValueError("the path is empty");
  if (path.includes("\0")) throw new ValueError("a path holds no NUL");
  if (path.endsWith("/")) throw new ValueError("it names a directory, not a socket");
  const absolute = resolve(cwd, path);
  const length = new TextEncoder().encode(absolute).length;
  if (length > MAX_SOCKET_PATH) {
    throw new ValueError(`the path of a socket has at most ${MAX_SOCKET_PATH} bytes, "${absolute}" has ${length}`);
  }
  return absolute;
}

/** An address as {@linkcode parseListen} reads it: `:8080`, `[::1]:8080`, `unix:/run/app.sock`. */
export function formatAddress(address: ListenAddress | UpstreamTarget): string {
  if (address.transport === "unix") return `unix:${address.path}`;
  const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return `${host}:${address.port}`;
}

/** Takes `HOST[:PORT]` apart; the host keeps its brackets. */
function splitHostPort(text: string): { host: string; port: string | undefined } {
  const [match, host = "", port] = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/s.exec(text) ?? [];
  if (match !== undefined) return { host, port };
  if (isIpv6(text)) throw new ValueError(`an IPv6 address goes in brackets; write "[${text}]:PORT"`);
  throw new ValueError("an address is HOST:PORT, with an IPv6 address in brackets, as [::1]:8080");
}

/** A host without brackets. Names are only looked at, not resolved: that is for whoever connects or binds. */
function parseHost(host: string): string {
  if (host === "") throw new ValueError("the host is empty");
  if (host.startsWith("[")) {
    const address = host.slice(1, -1);
    if (!isIpv6(address)) throw new ValueError(`"${address}" is no IPv6 address`);
    return address;
  }
  if (/^[\d.]+$/.test(host)) {
    if (!isIpv4(host)) throw new ValueError(`"${host}" is no IPv4 address`);
    return host;
  }
  // Underscores are no letters of a host name (RFC 952), but container networks use them.
  if (host.length > 253 || !/^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i.test(host)) {
    throw new ValueError(`"${host}" is no host name`);
  }
  return host;
}

function parsePort(text: string, least: 0 | 1): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port >= least && port <= 65_535)) throw new ValueError(`a port is a number from ${least} to 65535`);
  return port;
}
