/**
 * Addresses: what `--listen`, `--http`, `--socket` and `--upstream` name, read from text and printed back.
 *
 * @module
 */
import { resolve } from "@std/path";
import { isIpv4, isIpv6 } from "./network.ts";
import type { ListenAddress, ListenOption, PassedSocket, UpstreamTarget } from "./options.ts";
import { ValueError } from "./values.ts";

/** Linux gives a unix socket's path 108 bytes, one of them the closing NUL (unix(7)). */
const MAX_SOCKET_PATH = 107;

/** The port of an upstream that names none (RFC 9110 4.2.1). */
const HTTP_PORT = 80;

/** A TCP address to listen on; an empty hostname means every address, IPv4 and IPv6. */
export type TcpAddress = Extract<ListenAddress, { transport: "tcp" }>;

/** The value of `--listen`: as {@linkcode parseAddress}, or `fd:NAME`, a socket that was passed to this process. */
export function parseListen(text: string, cwd: string): ListenOption {
  return parsePassed(text) ?? parseAddress(text, cwd);
}

/** The value of `--http`: as {@linkcode parseTcpListen}, or `fd:NAME`. */
export function parseHttpListen(text: string): ListenOption {
  return parsePassed(text) ?? parseTcpListen(text);
}

/** `fd:NAME`; null for what is none. */
export function parsePassed(text: string): PassedSocket | null {
  if (!text.startsWith("fd:")) return null;
  const name = text.slice("fd:".length);
  // What systemd allows in FileDescriptorName= (sd_listen_fds_with_names(3)).
  if (!/^[\x20-\x39\x3b-\x7e]{1,255}$/.test(name)) {
    throw new ValueError("fd: is followed by a FileDescriptorName= or a descriptor's number");
  }
  return { transport: "passed", name };
}

/**
 * An address: `8080`, `:8080`, `localhost:8080`, `[::1]:8080`, or `unix:PATH`. Port 0 lets the system choose.
 *
 * @param cwd Where a relative path begins.
 * @throws {ValueError} When it is none of these.
 */
export function parseAddress(text: string, cwd: string): ListenAddress {
  if (text.startsWith("unix:")) return { transport: "unix", path: parseSocketPath(text.slice("unix:".length), cwd) };
  if (text.includes("/")) throw new ValueError("an address is [HOST:]PORT or unix:PATH");
  return parseTcpListen(text);
}

/**
 * An address as {@linkcode parseAddress}, without unix sockets.
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
 * One target of `--upstream`: `unix:PATH` or `http://HOST[:PORT]`, or `uwsgi:unix:PATH` or `uwsgi:HOST:PORT`.
 *
 * @param cwd Where a relative path begins.
 * @throws {ValueError} When it is none of them, or names a path, a query or a user.
 */
export function parseTarget(text: string, cwd: string): UpstreamTarget {
  if (/^uwsgi:/i.test(text)) return parseUwsgiTarget(text.slice("uwsgi:".length), cwd);
  if (text.startsWith("unix:")) return { transport: "unix", path: parseSocketPath(text.slice("unix:".length), cwd) };
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) {
    const meant = text.includes("/") ? "" : text.includes(":") ? `; write "http://${text}"` : "";
    throw new ValueError(`a target is unix:PATH, http://HOST[:PORT], uwsgi:unix:PATH or uwsgi:HOST:PORT${meant}`);
  }
  if (scheme.toLowerCase() === "https") throw new ValueError("only http:// and unix: are spoken to upstreams, not TLS");
  if (scheme.toLowerCase() !== "http") {
    throw new ValueError(`"${scheme}" is not spoken to upstreams, only http://, unix: and uwsgi: are`);
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

/** What follows `uwsgi:`. There is no port that uWSGI has by default. */
function parseUwsgiTarget(text: string, cwd: string): UpstreamTarget {
  if (text.startsWith("unix:")) {
    return { protocol: "uwsgi", transport: "unix", path: parseSocketPath(text.slice("unix:".length), cwd) };
  }
  if (text.startsWith("//")) throw new ValueError(`write "uwsgi:${text.slice(2)}"`);
  if (text.includes("/")) {
    const meant = text.startsWith("/") ? `; write "uwsgi:unix:${text}"` : "";
    throw new ValueError(`a uwsgi target is uwsgi:unix:PATH or uwsgi:HOST:PORT${meant}`);
  }
  const { host, port } = splitHostPort(text);
  if (port === undefined) throw new ValueError("it has no port; a uwsgi target is uwsgi:unix:PATH or uwsgi:HOST:PORT");
  return { protocol: "uwsgi", transport: "tcp", hostname: parseHost(host), port: parsePort(port, 1) };
}

/**
 * `TARGET[,TARGET…]`: servers that can answer for each other.
 *
 * @param cwd Where a relative path begins.
 * @throws {ValueError} As {@linkcode parseTarget}, and when one is named twice or they do not speak the same protocol.
 */
export function parseTargets(text: string, cwd: string): UpstreamTarget[] {
  const targets = text.split(",").map((part) => parseTarget(part, cwd));
  const names = targets.map(formatAddress);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ValueError(`"${twice}" is named twice`);
  if (!speakTheSame(targets)) throw new ValueError("all targets are uwsgi:, or none is");
  return targets;
}

/** Whether these servers can be sent the same request: its head is written once, whoever gets it. */
export function speakTheSame(targets: readonly UpstreamTarget[]): boolean {
  return targets.every(({ protocol }) => protocol === targets[0].protocol);
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

/**
 * An address as {@linkcode parseListen} reads it: `:8080`, `[::1]:8080`, `unix:/run/app.sock`, `fd:web`. A target that speaks
 * uwsgi has that in front: the same socket is another server by it.
 */
export function formatAddress(address: ListenOption | UpstreamTarget): string {
  if (address.transport === "passed") return `fd:${address.name}`;
  const protocol = "protocol" in address ? `${address.protocol}:` : "";
  if (address.transport === "unix") return `${protocol}unix:${address.path}`;
  const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return `${protocol}${host}:${address.port}`;
}

/** Takes `HOST[:PORT]` apart; the host keeps its brackets. */
function splitHostPort(text: string): { host: string; port: string | undefined } {
  const [match, host = "", port] = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/s.exec(text) ?? [];
  if (match !== undefined) return { host, port };
  // "::1:7195" is an IPv6 address as a whole, too, but who writes it means a port.
  const [, address = "", end = ""] = /^(.*):(\d{1,5})$/s.exec(text) ?? [];
  if (isIpv6(address)) throw new ValueError(`an IPv6 address goes in brackets; write "[${address}]:${end}"`);
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
