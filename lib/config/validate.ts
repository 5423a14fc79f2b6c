/**
 * Raw option values turned into what the two roles are started with, or into all that is wrong with them.
 *
 * @module
 */
import { resolve } from "@std/path";
import { permitApps } from "./app_permissions.ts";
import { readApps } from "./apps.ts";
import { parseListen, parseSocketPath, parseTargets } from "./address.ts";
import { DEFAULTS } from "./defaults.ts";
import type { QueueLimits } from "./file/context.ts";
import type { OptionFile, ProxyFile } from "./file/load.ts";
import type { RawOptions } from "./flags.ts";
import { readGatewayListen } from "./gateway_listen.ts";
import { parseEnvAssignment, parseEnvFile } from "./env_file.ts";
import { parseTrustedProxies } from "./network.ts";
import { plainGroup } from "./groups.ts";
import type { GatewayOptions, Limits, ProxyOptions } from "./options.ts";
import type { UpstreamLimits } from "./options.ts";
import { plainRoute, type RouteAction, type RouteOptions } from "./route_options.ts";
import { checkPlace, parseSocketOrPort, readListen } from "./read_listen.ts";
import { Reader } from "./reader.ts";
import { readLogs } from "./read_logs.ts";
import { readRunAs } from "./run_as.ts";
import { findRoot, lacksSlash, splitRoute } from "./routes.ts";
import type { System } from "./system.ts";
import { parseCount, parseSeconds, parseSize, ValueError } from "./values.ts";

const MEBIBYTE = 1_048_576;
/** More processes than any machine has CPUs for: a slip of the hand, which must not take all of its memory. */
const MAX_WORKERS = 1_024;

/** A head must hold what a browser sends, and every connection may take as much memory. */
const HEAD_SIZE = { least: 1_024, most: 1_048_576 } as const;

/**
 * The options of `stackd proxy`, from what its command line says, and where it is silent, its file.
 *
 * @throws {StackdError} With the first mistake; its detail has the others, one per line.
 */
export function validateProxy(raw: RawOptions, system: System, file: ProxyFile | null = null): ProxyOptions {
  const reader = new Reader(raw, file);
  if (!reader.has("listen")) {
    const key = 'listen = [":8080"] in [proxy]';
    reader.miss("Cannot start the proxy: no address to listen on", "--listen [HOST:]PORT", key);
  }
  if (!reader.has("upstream") && !reader.has("static") && !file?.hasRoutes) {
    reader.miss("Cannot start the proxy: no route", "--upstream TARGET or --static DIR", "a [[proxy.route]]");
  }
  const upstream: UpstreamLimits = {
    ...DEFAULTS.upstream,
    connectTimeout: reader.one("upstream-connect-timeout", parseSeconds, DEFAULTS.upstream.connectTimeout),
    readTimeout: reader.one("upstream-timeout", parseSeconds, DEFAULTS.upstream.readTimeout),
  };
  const queue = readQueue(reader);
  const listen = readListen(reader, "listen", (text, written) => {
    const proxyProtocol = (written ?? file)?.proxyProtocol === true;
    return { ...parseListen(text, system.cwd), ...(proxyProtocol ? { proxyProtocol } : {}) };
  }, system);
  const flagged = readRoutes(reader, upstream, queue, system);
  const workers = readWorkerCount(reader, system);
  if (workers > 1 && listen.length > 0 && listen.every(({ transport }) => transport === "unix")) {
    reader.mistakes.add(
      "STACKD_USAGE",
      "Cannot use --workers: several processes cannot share a unix socket, listen on a port too",
    );
  }
  const options: ProxyOptions = {
    listen,
    workers,
    routes: [...flagged, ...(file?.routes ?? []).filter((route) => !flagged.some((flag) => isSamePlace(flag, route)))],
    ...readCommon(reader, system),
  };
  file?.mistakes.addTo(reader.mistakes);
  reader.mistakes.throwIfAny();
  return options;
}

/**
 * The options of `stackd gateway`, from what its command line says, and where it is silent, its file.
 *
 * @throws {StackdError} With the first mistake; its detail has the others, one per line.
 */
export function validateGateway(raw: RawOptions, system: System, file: OptionFile | null = null): GatewayOptions {
  const reader = new Reader(raw, file);
  const { mistakes } = reader;
  const { apps, staticMaps } = readApps(reader, system);
  const workers = readWorkers(reader, system);
  const options: GatewayOptions = {
    apps: permitApps(apps, reader, system, workers.env),
    staticMaps,
    ...readGatewayListen(reader, system),
    upstream: DEFAULTS.upstream,
    bootTimeout: reader.one("boot-timeout", parseSeconds, DEFAULTS.bootTimeout),
    ...workers,
    requireConfinement: reader.has("require-confinement"),
    learn: reader.has("learn"),
    watch: reader.has("watch"),
    codeCache: reader.one("code-cache", (text) => readCodeCache(text, system), { directory: null }),
    reloadOn: reader.all("touch-reload", (text) => checkPlace(resolve(system.cwd, text), system)),
    ...readQueue(reader),
    ...readCommon(reader, system),
  };
  file?.mistakes.addTo(mistakes);
  mistakes.throwIfAny();
  return options;
}

function readCodeCache(text: string, system: System): GatewayOptions["codeCache"] {
  return text === "off" ? null : { directory: resolve(system.cwd, text) };
}

function readQueue(reader: Reader): QueueLimits {
  return {
    queue: reader.one("queue", (text) => parseCount(text, 0), DEFAULTS.group.queue),
    queueTimeout: reader.one("queue-timeout", parseSeconds, DEFAULTS.group.queueTimeout),
  };
}

function readWorkerCount(reader: Reader, system: System): number {
  const parse = (text: string) => {
    if (text === "auto") return system.cpus;
    if (/^\d+$/.test(text)) return parseCount(text, 1, MAX_WORKERS);
    throw new ValueError(`a whole number from 1 to ${MAX_WORKERS}, or auto, is needed`);
  };
  return reader.one("workers", parse, DEFAULTS.workers);
}

function readWorkers(reader: Reader, system: System) {
  return {
    workers: readWorkerCount(reader, system),
    front: reader.has("front"),
    workerRequests: reader.one("worker-requests", (text) => parseCount(text), DEFAULTS.workerRequests),
    requestTimeout: reader.one("request-timeout", parseSeconds, DEFAULTS.requestTimeout),
    pingTimeout: reader.one("ping-timeout", parseSeconds, DEFAULTS.pingTimeout),
    maxRequests: reader.one("max-requests", (text) => parseCount(text), null),
    maxRss: reader.one("max-rss", (text) => parseCount(text) * MEBIBYTE, null),
    maxLifetime: reader.one("max-lifetime", parseSeconds, null),
    env: readEnvironment(reader, system),
    chdir: reader.one("chdir", (text) => existingDirectory(resolve(system.cwd, text), system), null),
    control: reader.one("control", (text) => checkPlace(parseSocketPath(text, system.cwd), system), null),
    status: reader.one("status", (text) => parseSocketOrPort(text, system), null),
  };
}

export function readEnvironment(reader: Reader, system: System): Record<string, string> {
  const files = reader.all("env-file", (text) => {
    const path = resolve(system.cwd, text);
    const content = system.read(path);
    if (content === null) {
      throw new ValueError(system.kindOf(path) === "missing" ? "there is no such file" : "it cannot be read");
    }
    return parseEnvFile(content);
  });
  const assignments = reader.all("env", parseEnvAssignment).map(({ name, value }) => [name, value] as const);
  return Object.fromEntries([...files.flatMap((file) => [...file]), ...assignments]);
}

/** A directory that this process may be in. */
export function existingDirectory(path: string, system: System): string {
  const kind = system.kindOf(path);
  // Of a directory that may be seen, and not entered, only what is in it is denied.
  if (kind === "denied" || kind === "directory" && system.kindOf(`${path}/.`) === "denied") {
    throw new ValueError(`permission denied to enter "${path}"`);
  }
  if (kind !== "directory") throw new ValueError(`there is no directory "${path}"`);
  return path;
}

function readCommon(reader: Reader, system: System) {
  return {
    limits: readLimits(reader),
    trustedProxies: reader.one("trusted-proxies", parseTrustedProxies, { unix: false, networks: [] }),
    ...readLogs(reader, system.cwd, (path) => checkPlace(path, system)),
    pidfile: reader.one("pidfile", (text) => checkPlace(resolve(system.cwd, text), system), null),
    gracefulTimeout: reader.one("graceful-timeout", parseSeconds, DEFAULTS.gracefulTimeout),
    listenBacklog: reader.one("listen-backlog", (text) => parseCount(text), DEFAULTS.listenBacklog),
    runAs: readRunAs(reader, system),
  };
}

function readLimits(reader: Reader): Limits {
  const { limits } = DEFAULTS;
  const parseHeadSize = (text: string) => parseSize(text, HEAD_SIZE.least, HEAD_SIZE.most);
  const maxHeadSize = reader.one("max-header-size", parseHeadSize, limits.maxHeadSize);
  return {
    ...limits,
    maxHeadSize,
    maxRequestLine: Math.min(limits.maxRequestLine, maxHeadSize), // it is a part of the head
    maxBody: reader.one("max-body", (text) => parseSize(text), limits.maxBody),
    headerTimeout: reader.one("header-timeout", parseSeconds, limits.headerTimeout),
    bodyTimeout: reader.one("body-timeout", parseSeconds, limits.bodyTimeout),
    keepaliveTimeout: reader.one("keepalive-timeout", parseSeconds, limits.keepaliveTimeout),
    writeTimeout: reader.one("write-timeout", parseSeconds, limits.writeTimeout),
    keepaliveRequests: reader.one("keepalive-requests", (text) => parseCount(text), limits.keepaliveRequests),
    maxConnections: reader.one("max-connections", (text) => parseCount(text), limits.maxConnections),
    maxConnectionsPerClient: reader.one(
      "max-connections-per-client",
      (text) => parseCount(text, 0),
      limits.maxConnectionsPerClient,
    ),
    allowUnderscores: reader.has("allow-underscore-headers"),
  };
}

/** Whether a flag's route, which is for any host, takes the requests of one of the file's. */
function isSamePlace(flag: RouteOptions, route: RouteOptions): boolean {
  return route.hosts.length === 0 && route.prefix === flag.prefix;
}

/** @param shared What every group has. */
function readRoutes(
  reader: Reader,
  limits: UpstreamLimits,
  queue: QueueLimits,
  system: System,
): RouteOptions[] {
  const owners = new Map<string, string>();
  const read = (name: "upstream" | "static", act: (rest: string, text: string) => RouteAction) =>
    reader.all(name, (text): RouteOptions => {
      const { prefix, rest } = splitRoute(text);
      const owner = owners.get(prefix);
      if (owner !== undefined) throw new ValueError(`the prefix "${prefix}" is taken by ${owner}`);
      const action = act(rest, text);
      owners.set(prefix, `--${name} "${text}"`);
      return plainRoute(prefix, action);
    });
  const upstreams = read("upstream", (rest, text) => {
    if (lacksSlash(text)) throw new ValueError(`a prefix begins with "/"; write "/${text}"`);
    return { kind: "upstream", group: { ...plainGroup(parseTargets(rest, system.cwd), limits), ...queue } };
  });
  const statics = read("static", (rest, text) => {
    const root = findRoot(rest, system, lacksSlash(text) ? '; a prefix begins with "/"' : "");
    return { kind: "static", root };
  });
  return [...upstreams, ...statics];
}
