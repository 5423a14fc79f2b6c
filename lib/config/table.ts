/**
 * The options of the command line, as data: parsing, help and docs/cli.md all read this table, so that none of them can
 * know an option that another does not.
 *
 * @module
 */
import { formatAccessLog } from "./access_log.ts";
import { DEFAULTS } from "./defaults.ts";
import type { CommandName, OptionSpec } from "./option_spec.ts";
import { formatMode, formatSeconds, formatSize } from "./values.ts";
import { WORKER_OPTIONS } from "./worker_options.ts";

const GATEWAY = ["gateway"] as const;
const PROXY = ["proxy"] as const;
const BOTH = ["gateway", "proxy"] as const;
const WITH_FILE = ["proxy", "check"] as const;
const ALL = ["gateway", "proxy", "check", "reload", "stop", "status", "workers"] as const;
const CONTROLLED = ["gateway", "reload", "stop", "status", "workers"] as const;
const WITH_PID = ["gateway", "proxy", "reload", "stop"] as const;
const { limits, upstream } = DEFAULTS;

const TABLE = [
  {
    name: "socket",
    aliases: ["s"],
    kind: "string",
    placeholder: "PATH",
    commands: GATEWAY,
    group: "Listening",
    help: "HTTP on a unix socket, for a proxy on the same machine",
  },
  {
    name: "http",
    kind: "string",
    placeholder: "[HOST:]PORT",
    repeatable: true,
    commands: GATEWAY,
    group: "Listening",
    help: "HTTP on TCP, safe to expose",
  },
  {
    name: "listen",
    kind: "string",
    placeholder: "[HOST:]PORT|unix:PATH",
    repeatable: true,
    required: true,
    commands: PROXY,
    group: "Listening",
    help: "Where to accept connections; a port alone means every address, IPv4 and IPv6",
  },
  {
    name: "chmod-socket",
    kind: "string",
    placeholder: "MODE",
    commands: GATEWAY,
    group: "Listening",
    help: "Permission bits of the unix socket, in octal",
    shownDefault: formatMode(DEFAULTS.socketMode),
  },
  {
    name: "chown-socket",
    kind: "string",
    placeholder: "USER[:GROUP]",
    commands: GATEWAY,
    group: "Listening",
    help: "Owner of the unix socket, by name or number; without GROUP the user's own group",
  },
  {
    name: "trusted-proxies",
    kind: "string",
    placeholder: "CIDR|unix[,…]",
    commands: BOTH,
    group: "Listening",
    help: "Peers whose X-Forwarded-*, X-Real-IP and X-Request-Id fields are believed; unix means peers on unix sockets",
  },
  {
    name: "module",
    aliases: ["m"],
    kind: "string",
    placeholder: "MODULE",
    commands: GATEWAY,
    group: "Handler",
    help: "The handler module, PATH[:EXPORT]; the same as the argument",
  },
  {
    name: "boot-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: GATEWAY,
    group: "Handler",
    help: "For loading the module and running its onStart",
    shownDefault: formatSeconds(DEFAULTS.bootTimeout),
  },
  ...WORKER_OPTIONS,
  {
    name: "upstream",
    kind: "string",
    placeholder: "[PREFIX=]unix:PATH|http://HOST[:PORT]",
    repeatable: true,
    commands: PROXY,
    group: "Routes",
    help: "Relay requests below PREFIX (default /), their path unchanged; the longest prefix of all routes wins",
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
    group: "Routes",
    help: "Read stackd.toml: the same names in [proxy], and routes and upstreams; flags win over it",
  },
  {
    name: "access-log",
    kind: "string",
    placeholder: "FILE|-|off",
    commands: BOTH,
    group: "Logging and process",
    help: "Where a line per request goes; - is standard output",
    shownDefault: formatAccessLog(DEFAULTS.accessLog),
  },
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
