/**
 * Options of a program as the texts that a command line would have, so that one validation, with one sentence for each mistake,
 * is for both.
 *
 * @module
 */
import type { RawOptions } from "../config/flags.ts";
import { Mistakes } from "../config/mistakes.ts";
import { closest } from "../config/suggest.ts";
import type { ValueName } from "../config/table.ts";
import type { GatewayOptions, Permission, ProxyOptions, ServerOptions } from "./settings.ts";

/** One option: the flag that it stands for, and how its value is written there. */
interface Field<Value> {
  readonly flag: ValueName;
  write(value: Value): readonly string[];
}

/** A field for every option, so that none can be forgotten. */
type Fields<Options> = { readonly [Key in keyof Options]-?: Field<NonNullable<Options[Key]>> };

const plain = (flag: ValueName): Field<string | number> => ({ flag, write: (value) => [String(value)] });
const each = (flag: ValueName): Field<string | readonly string[]> => ({
  flag,
  write: (value) => typeof value === "string" ? [value] : value,
});
const list = (flag: ValueName): Field<readonly string[]> => ({
  flag,
  write: (value) => value.length === 0 ? [] : [value.join(",")],
});
const milliseconds = (flag: ValueName): Field<number> => ({ flag, write: (value) => [seconds(value)] });
const whether = (flag: ValueName): Field<boolean> => ({ flag, write: (value) => value ? ["true"] : [] });
/** No list at all would be all of it; an empty one is a mistake, not that. */
const permission = (flag: ValueName): Field<Permission> => ({
  flag,
  write: (value) => [value === true ? "" : value.join(",") || ","],
});
const byPrefix = (flag: ValueName): Field<Readonly<Record<string, string | readonly string[]>>> => ({
  flag,
  write: (value) => Object.entries(value).map(([prefix, what]) => `${prefix}=${[what].flat().join(",")}`),
});

const SHARED: Fields<ServerOptions> = {
  maxBody: plain("max-body"),
  maxHeaderSize: plain("max-header-size"),
  headerTimeout: milliseconds("header-timeout"),
  bodyTimeout: milliseconds("body-timeout"),
  writeTimeout: milliseconds("write-timeout"),
  keepaliveTimeout: milliseconds("keepalive-timeout"),
  keepaliveRequests: plain("keepalive-requests"),
  maxConnections: plain("max-connections"),
  maxConnectionsPerClient: plain("max-connections-per-client"),
  queue: plain("queue"),
  queueTimeout: milliseconds("queue-timeout"),
  gracefulTimeout: milliseconds("graceful-timeout"),
  listenBacklog: plain("listen-backlog"),
  trustedProxies: list("trusted-proxies"),
  accessLog: plain("access-log"),
  logFormat: plain("log-format"),
  logLevel: plain("log-level"),
  allowUnderscoreHeaders: whether("allow-underscore-headers"),
};

/** Of `createProxy()`. */
export const PROXY_FIELDS: Fields<ProxyOptions> = {
  ...SHARED,
  listen: each("listen"),
  upstream: byPrefix("upstream"),
  static: byPrefix("static"),
  config: plain("config"),
  upstreamConnectTimeout: milliseconds("upstream-connect-timeout"),
  upstreamTimeout: milliseconds("upstream-timeout"),
};

/** Of `serveGateway()`. */
export const GATEWAY_FIELDS: Fields<GatewayOptions> = {
  ...SHARED,
  module: plain("module"),
  mount: byPrefix("mount"),
  staticMap: byPrefix("static-map"),
  config: plain("config"),
  socket: plain("socket"),
  chmodSocket: { flag: "chmod-socket", write: (mode) => [mode.toString(8)] },
  chownSocket: plain("chown-socket"),
  http: each("http"),
  uwsgiSocket: each("uwsgi-socket"),
  uwsgiAllowFrom: list("uwsgi-allow-from"),
  workers: plain("workers"),
  front: whether("front"),
  workerRequests: plain("worker-requests"),
  requestTimeout: milliseconds("request-timeout"),
  pingTimeout: milliseconds("ping-timeout"),
  bootTimeout: milliseconds("boot-timeout"),
  maxRequests: plain("max-requests"),
  maxRss: plain("max-rss"),
  maxLifetime: milliseconds("max-lifetime"),
  watch: whether("watch"),
  codeCache: plain("code-cache"),
  touchReload: each("touch-reload"),
  allowRead: permission("allow-read"),
  allowWrite: permission("allow-write"),
  allowNet: permission("allow-net"),
  allowEnv: permission("allow-env"),
  allowRun: permission("allow-run"),
  allowSys: permission("allow-sys"),
  allowFfi: permission("allow-ffi"),
  requireConfinement: whether("require-confinement"),
  env: { flag: "env", write: (value) => Object.entries(value).map(([name, text]) => `${name}=${text}`) },
  envFile: each("env-file"),
  chdir: plain("chdir"),
};

/**
 * What a command line would say.
 *
 * @throws {StackdError} `STACKD_USAGE` for a name that no option has, which types cannot keep from a program in JavaScript.
 */
export function toRaw<Options extends object>(fields: Fields<Options>, options: Options): RawOptions {
  const mistakes = new Mistakes();
  const raw: Partial<Record<ValueName, readonly string[]>> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const field: Field<unknown> | undefined = Object.hasOwn(fields, name) ? Reflect.get(fields, name) : undefined;
    if (field === undefined) {
      const meant = closest(name, Object.keys(fields));
      const advice = meant === undefined ? "" : `, did you mean "${meant}"?`;
      mistakes.add("STACKD_USAGE", `Cannot use the option "${name}": there is no such option${advice}`);
      continue;
    }
    const texts = field.write(value);
    if (texts.length > 0) raw[field.flag] = texts;
  }
  mistakes.throwIfAny();
  return raw;
}

/** Milliseconds as a command line writes seconds. */
function seconds(ms: number): string {
  return Number.isFinite(ms) ? (ms / 1_000).toFixed(6).replace(/\.?0+$/, "") : String(ms);
}
