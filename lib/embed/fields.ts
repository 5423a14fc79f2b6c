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
  readonly kind: Kind<Value>;
}

/** What values may be, which types cannot tell a program in JavaScript, and how they are written. */
interface Kind<Value> {
  /** For people. */
  readonly shape: string;
  fits(value: unknown): boolean;
  write(value: Value): readonly string[];
}

/** A field for every option, so that none can be forgotten. */
type Fields<Options> = { readonly [Key in keyof Options]-?: Field<NonNullable<Options[Key]>> };

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
/** Whether it is a table of such values. */
const isTable = (value: unknown, fits: (value: unknown) => boolean): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(fits);

const of = <Value>(kind: Kind<Value>) => (flag: ValueName): Field<Value> => ({ flag, kind });
const text = of<string>({ shape: "a string", fits: isText, write: (value) => [value] });
const count = of<number>({ shape: "a number", fits: isNumber, write: (value) => [String(value)] });
const plain = of<string | number>({
  shape: "a number or a string",
  fits: (value) => isText(value) || isNumber(value),
  write: (value) => [String(value)],
});
const each = of<string | readonly string[]>({
  shape: "a string, or an array of them,",
  fits: (value) => isText(value) || isTexts(value),
  write: (value) => typeof value === "string" ? [value] : value,
});
const list = of<readonly string[]>({
  shape: "an array of strings",
  fits: isTexts,
  write: (value) => value.length === 0 ? [] : [value.join(",")],
});
const milliseconds = of<number>({
  shape: "a number of milliseconds",
  fits: isNumber,
  write: (value) => [seconds(value)],
});
const whether = of<boolean>({
  shape: "true or false",
  fits: (value) => typeof value === "boolean",
  write: (value) => value ? ["true"] : [],
});
/** No list at all would be all of it; an empty one is a mistake, not that. */
const permission = of<Permission>({
  shape: "true, or an array of strings,",
  fits: (value) => value === true || isTexts(value),
  write: (value) => [value === true ? "" : value.join(",") || ","],
});
const byPrefix = of<Readonly<Record<string, string>>>({
  shape: 'an object of strings by prefix, as { "/": "…" },',
  fits: (value) => isTable(value, isText),
  write: (value) => Object.entries(value).map(([prefix, what]) => `${prefix}=${what}`),
});
const severalByPrefix = of<Readonly<Record<string, string | readonly string[]>>>({
  shape: 'an object of strings, or arrays of them, by prefix, as { "/": "…" },',
  fits: (value) => isTable(value, (what) => isText(what) || isTexts(what)),
  write: (value) => Object.entries(value).map(([prefix, what]) => `${prefix}=${[what].flat().join(",")}`),
});
const mode = of<number>({ shape: "a number, as 0o660,", fits: isNumber, write: (value) => [value.toString(8)] });
const variables = of<Readonly<Record<string, string>>>({
  shape: "an object of strings by name",
  fits: (value) => isTable(value, isText),
  write: (value) => Object.entries(value).map(([name, content]) => `${name}=${content}`),
});

const SHARED: Fields<ServerOptions> = {
  maxBody: plain("max-body"),
  maxHeaderSize: plain("max-header-size"),
  headerTimeout: milliseconds("header-timeout"),
  bodyTimeout: milliseconds("body-timeout"),
  writeTimeout: milliseconds("write-timeout"),
  keepaliveTimeout: milliseconds("keepalive-timeout"),
  keepaliveRequests: count("keepalive-requests"),
  maxConnections: count("max-connections"),
  maxConnectionsPerClient: count("max-connections-per-client"),
  queue: count("queue"),
  queueTimeout: milliseconds("queue-timeout"),
  gracefulTimeout: milliseconds("graceful-timeout"),
  listenBacklog: count("listen-backlog"),
  trustedProxies: list("trusted-proxies"),
  accessLog: text("access-log"),
  logFormat: text("log-format"),
  logLevel: text("log-level"),
  allowUnderscoreHeaders: whether("allow-underscore-headers"),
};

/** Of `createProxy()`. */
export const PROXY_FIELDS: Fields<ProxyOptions> = {
  ...SHARED,
  listen: each("listen"),
  upstream: severalByPrefix("upstream"),
  static: byPrefix("static"),
  config: text("config"),
  upstreamConnectTimeout: milliseconds("upstream-connect-timeout"),
  upstreamTimeout: milliseconds("upstream-timeout"),
};

/** Of `serveGateway()`. */
export const GATEWAY_FIELDS: Fields<GatewayOptions> = {
  ...SHARED,
  module: text("module"),
  mount: byPrefix("mount"),
  staticMap: byPrefix("static-map"),
  config: text("config"),
  socket: text("socket"),
  chmodSocket: mode("chmod-socket"),
  chownSocket: text("chown-socket"),
  http: each("http"),
  uwsgiSocket: each("uwsgi-socket"),
  uwsgiAllowFrom: list("uwsgi-allow-from"),
  workers: plain("workers"),
  front: whether("front"),
  workerRequests: count("worker-requests"),
  requestTimeout: milliseconds("request-timeout"),
  pingTimeout: milliseconds("ping-timeout"),
  bootTimeout: milliseconds("boot-timeout"),
  maxRequests: count("max-requests"),
  maxRss: count("max-rss"),
  maxLifetime: milliseconds("max-lifetime"),
  watch: whether("watch"),
  codeCache: text("code-cache"),
  touchReload: each("touch-reload"),
  allowRead: permission("allow-read"),
  allowWrite: permission("allow-write"),
  allowNet: permission("allow-net"),
  allowEnv: permission("allow-env"),
  allowRun: permission("allow-run"),
  allowSys: permission("allow-sys"),
  allowFfi: permission("allow-ffi"),
  requireConfinement: whether("require-confinement"),
  env: variables("env"),
  envFile: each("env-file"),
  chdir: text("chdir"),
};

/**
 * What a command line would say.
 *
 * @throws {StackdError} `STACKD_USAGE` for a name that no option has, and a value of another type than its option's, which types
 * cannot keep from a program in JavaScript.
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
    } else if (!field.kind.fits(value)) {
      const shown = Deno.inspect(value, { depth: 1, breakLength: Infinity });
      mistakes.add("STACKD_USAGE", `Cannot use the option "${name}", ${shown}: ${field.kind.shape} is needed`);
    } else {
      const texts = field.kind.write(value);
      if (texts.length > 0) raw[field.flag] = texts;
    }
  }
  mistakes.throwIfAny();
  return raw;
}

/** Milliseconds as a command line writes seconds. */
function seconds(ms: number): string {
  return Number.isFinite(ms) ? (ms / 1_000).toFixed(6).replace(/\.?0+$/, "") : String(ms);
}
