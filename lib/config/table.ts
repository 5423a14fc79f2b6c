/**
 * The options of the command line, as data: parsing, help and docs/cli.md all read this table, so that none of them can
 * know an option that another does not.
 *
 * @module
 */
import { DEFAULTS } from "./defaults.ts";
import { FETCH_OPTIONS } from "./fetch_options.ts";
import { LISTEN_OPTIONS } from "./listen_options.ts";
import { LOG_OPTIONS } from "./log_options.ts";
import type { CommandName, OptionSpec } from "./option_spec.ts";
import { PERMISSION_OPTIONS } from "./permission_options.ts";
import { formatSeconds, formatSize } from "./values.ts";
import { WORKER_OPTIONS } from "./worker_options.ts";

const GATEWAY = ["gateway"] as const;
const PROXY = ["proxy"] as const;
const BOTH = ["gateway", "proxy"] as const;
const LOADING = ["gateway", "check", "fetch"] as const;
const WITH_FILE = ["gateway", "proxy", "check"] as const;
const ALL = ["gateway", "proxy", "check", "fetch", "reload", "upgrade", "stop", "status", "workers"] as const;
const CONTROLLED = ["gateway", "reload", "upgrade", "stop", "status", "workers"] as const;
const WITH_PID = ["gateway", "proxy", "reload", "upgrade", "stop"] as const;
const { limits, upstream } = DEFAULTS;

const TABLE = [
  ...LISTEN_OPTIONS,
  {
    name: "module",
    aliases: ["m"],
    kind: "string",
    placeholder: "MODULE",
    commands: LOADING,
    group: "Handler",
    help:
      "The handler module, PATH[:EXPORT]; the same as the argument. A directory stands for its main module, - for standard input",
  },
  {
    name: "mount",
    kind: "string",
    placeholder: "PREFIX=MODULE",
    repeatable: true,
    commands: GATEWAY,
    group: "Handler",
    help: "Another handler module, with workers of its own, for what is below PREFIX; it gets the path without it",
  },
  {
    name: "static-map",
    kind: "string",
    placeholder: "PREFIX=DIR",
    repeatable: true,
    commands: GATEWAY,
    group: "Handler",
    help: "Serve the files of DIR below PREFIX, the prefix taken off, without a worker; the longest prefix wins",
  },
  {
    name: "boot-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: LOADING,
    group: "Handler",
    help: "For loading the module and running its onStart",
    shownDefault: formatSeconds(DEFAULTS.bootTimeout),
  },
  ...FETCH_OPTIONS,
  ...WORKER_OPTIONS,
  ...PERMISSION_OPTIONS,
  {
    name: "upstream",
    kind: "string",
    placeholder: "[PREFIX=]TARGET[,TARGET…]",
    repeatable: true,
    commands: PROXY,
    group: "Routes",
    help:
      "Relay requests below PREFIX (default /), their path unchanged, to unix:PATH, http://HOST[:PORT], uwsgi:unix:PATH or uwsgi:HOST:PORT; the longest prefix of all routes wins",
  },
  {
    name: "static",
    kind: "string",
    placeholder: "[PREFIX=]DIR",
    repeatable: true,
    commands: PROXY,
    group: "Routes",
    help: "Serve the files of DIR below PREFIX (default /), the prefix taken off",
  },
  {
    name: "allow-underscore-headers",
    kind: "boolean",
    commands: BOTH,
    group: "Listening",
    help:
      "Pass on fields with _ in their names, but for those that would be forwarding fields with -; else they are dropped",
  },
  {
    name: "max-body",
    kind: "string",
    placeholder: "SIZE",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "Largest request body; 0 = unlimited",
    notes: { gateway: "holds for --http, while --socket leaves it to the proxy in front" },
    shownDefault: formatSize(limits.maxBody),
  },
  {
    name: "max-header-size",
    kind: "string",
    placeholder: "SIZE",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "Largest request line and fields together",
    shownDefault: formatSize(limits.maxHeadSize),
  },
  {
    name: "header-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "For receiving a request's complete head",
    shownDefault: formatSeconds(limits.headerTimeout),
  },
  {
    name: "body-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "Between two reads of a request's body",
    shownDefault: formatSeconds(limits.bodyTimeout),
  },
  {
    name: "write-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "Without progress while writing to a client",
    shownDefault: formatSeconds(limits.writeTimeout),
  },
  {
    name: "keepalive-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "Between two requests on a connection",
    shownDefault: formatSeconds(limits.keepaliveTimeout),
  },
  {
    name: "keepalive-requests",
    kind: "string",
    placeholder: "N",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "Requests on one connection before it is closed",
    shownDefault: String(limits.keepaliveRequests),
  },
  {
    name: "max-connections",
    kind: "string",
    placeholder: "N",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "Open client connections",
    shownDefault: String(limits.maxConnections),
  },
  {
    name: "max-connections-per-client",
    kind: "string",
    placeholder: "N",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "Open connections of one client address; 0 = unlimited",
    shownDefault: String(limits.maxConnectionsPerClient),
  },
  {
    name: "upstream-connect-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: PROXY,
    group: "Limits and timeouts",
    help: "For connecting to an upstream",
    shownDefault: formatSeconds(upstream.connectTimeout),
  },
  {
    name: "upstream-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: PROXY,
    group: "Limits and timeouts",
    help: "Between two reads of an upstream's response",
    shownDefault: formatSeconds(upstream.readTimeout),
  },
  {
    name: "queue",
    kind: "string",
    placeholder: "N",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "Requests that may wait while every server, or worker, has as many as it is given at once; beyond: 503",
    shownDefault: String(DEFAULTS.group.queue),
  },
  {
    name: "queue-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "How long they may; beyond: 503",
    shownDefault: formatSeconds(DEFAULTS.group.queueTimeout),
  },
  {
    name: "graceful-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: BOTH,
    group: "Limits and timeouts",
    help: "How long a graceful stop waits for requests in flight",
    shownDefault: formatSeconds(DEFAULTS.gracefulTimeout),
  },
  {
    name: "config",
    aliases: ["c"],
    kind: "string",
    placeholder: "FILE",
    commands: WITH_FILE,
    group: "Logging and process",
    help: "Read stackd.toml: the same names in [proxy] or [gateway], and routes and upstreams; flags win over it",
  },
  ...LOG_OPTIONS,
  {
    name: "pidfile",
    kind: "string",
    placeholder: "FILE",
    commands: WITH_PID,
    group: "Logging and process",
    help: "The file with the supervisor's process id",
  },
  {
    name: "control",
    kind: "string",
    placeholder: "PATH",
    commands: CONTROLLED,
    group: "Logging and process",
    help: "The unix socket, mode 600, on which stackd reload, stop, status and workers reach a gateway",
  },
  {
    name: "app",
    kind: "string",
    placeholder: "PREFIX",
    commands: ["workers"],
    group: "Logging and process",
    help: "Which app's workers are meant, where a gateway has several",
  },
  {
    name: "status",
    aliases: ["stats"],
    kind: "string",
    placeholder: "PATH|[HOST:]PORT",
    commands: GATEWAY,
    group: "Logging and process",
    help: "Tell the state of all workers, as JSON with uWSGI's names, to whoever connects",
  },
  {
    name: "help",
    aliases: ["h"],
    kind: "boolean",
    commands: ALL,
    group: "Logging and process",
    help: "Print this help",
  },
] as const satisfies readonly OptionSpec[];

/** The long name of an option. */
export type OptionName = typeof TABLE[number]["name"];

/** The long name of an option that says how to run; a switch that is given has the value "true". */
export type ValueName = Exclude<OptionName, "help">;

/** Every option, in the order help shows them. */
export const OPTIONS: readonly (OptionSpec & { readonly name: OptionName })[] = TABLE;

/** The options of one command. */
export function optionsOf(command: CommandName): typeof OPTIONS {
  return OPTIONS.filter((option) => option.commands.includes(command));
}
