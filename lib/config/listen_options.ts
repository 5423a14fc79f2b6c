/**
 * The options that say where clients come in: a part of the option table.
 *
 * @module
 */
import { DEFAULTS } from "./defaults.ts";
import type { OptionSpec } from "./option_spec.ts";
import { formatMode } from "./values.ts";

const GATEWAY = ["gateway"] as const;
const PROXY = ["proxy"] as const;
const BOTH = ["gateway", "proxy"] as const;

/** The rows of the group "Listening". */
export const LISTEN_OPTIONS = [
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
    placeholder: "[HOST:]PORT|fd:NAME",
    repeatable: true,
    commands: GATEWAY,
    group: "Listening",
    help: "HTTP on TCP, safe to expose; fd:NAME is a socket that systemd has opened",
  },
  {
    name: "uwsgi-socket",
    kind: "string",
    placeholder: "PATH|[HOST:]PORT|fd:NAME",
    repeatable: true,
    commands: GATEWAY,
    group: "Listening",
    help: "The uwsgi protocol, for nginx's uwsgi_pass, on a unix socket, whose path has a slash in it, or on TCP",
  },
  {
    name: "uwsgi-allow-from",
    kind: "string",
    placeholder: "CIDR[,…]",
    commands: GATEWAY,
    group: "Listening",
    help: "Who may speak it over TCP: what they say of their clients is believed",
    shownDefault: DEFAULTS.uwsgiAllowFrom.join(","),
  },
  {
    name: "listen",
    kind: "string",
    placeholder: "[HOST:]PORT|unix:PATH|fd:NAME",
    repeatable: true,
    required: true,
    commands: PROXY,
    group: "Listening",
    help:
      "Where to accept connections; a port alone means every address, IPv4 and IPv6; fd:NAME is a socket that systemd has opened",
  },
  {
    name: "chmod-socket",
    kind: "string",
    placeholder: "MODE",
    commands: GATEWAY,
    group: "Listening",
    help: "Permission bits of the unix sockets, in octal",
    shownDefault: formatMode(DEFAULTS.socketMode),
  },
  {
    name: "chown-socket",
    kind: "string",
    placeholder: "USER[:GROUP]",
    commands: GATEWAY,
    group: "Listening",
    help: "Owner of the unix sockets, by name or number; without GROUP the user's own group",
  },
  {
    name: "listen-backlog",
    kind: "string",
    placeholder: "N",
    commands: BOTH,
    group: "Listening",
    help: "Connections that the kernel queues until they are accepted; net.core.somaxconn caps it",
    shownDefault: String(DEFAULTS.listenBacklog),
  },
  {
    name: "trusted-proxies",
    kind: "string",
    placeholder: "CIDR|unix[,…]",
    commands: BOTH,
    group: "Listening",
    help: "Peers whose X-Forwarded-*, X-Real-IP and X-Request-Id fields are believed; unix means peers on unix sockets",
  },
] as const satisfies readonly OptionSpec[];
