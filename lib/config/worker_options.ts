/**
 * The options that say how many workers there are and when one is replaced: a part of the option table.
 *
 * @module
 */
import { DEFAULTS } from "./defaults.ts";
import type { OptionSpec } from "./option_spec.ts";
import { formatSeconds } from "./values.ts";

const GATEWAY = ["gateway"] as const;
const LOADING = ["gateway", "check", "fetch"] as const;
const BOTH = ["gateway", "proxy"] as const;

/** The rows of the group "Workers". */
export const WORKER_OPTIONS = [
  {
    name: "workers",
    aliases: ["w"],
    kind: "string",
    placeholder: "N|auto",
    commands: BOTH,
    group: "Workers",
    help: "Processes that serve; auto is one for each CPU. Those of a proxy share its port",
    shownDefault: String(DEFAULTS.workers),
  },
  {
    name: "front",
    kind: "boolean",
    commands: GATEWAY,
    group: "Workers",
    help: "Put a front before the worker of --socket too; several workers, and --http, always have one",
  },
  {
    name: "worker-requests",
    kind: "string",
    placeholder: "N",
    commands: GATEWAY,
    group: "Workers",
    help: "Requests in flight that a front gives one worker at once",
    shownDefault: String(DEFAULTS.workerRequests),
  },
  {
    name: "request-timeout",
    aliases: ["harakiri"],
    kind: "string",
    placeholder: "SEC",
    commands: ["gateway", "fetch"],
    group: "Workers",
    help: "From a request's dispatch to its response's head; beyond: 504, and the handler's signal is aborted",
    shownDefault: formatSeconds(DEFAULTS.requestTimeout),
  },
  {
    name: "ping-timeout",
    kind: "string",
    placeholder: "SEC",
    commands: GATEWAY,
    group: "Workers",
    help: "A worker whose event loop does not answer for so long is replaced",
    shownDefault: formatSeconds(DEFAULTS.pingTimeout),
  },
  {
    name: "max-requests",
    kind: "string",
    placeholder: "N",
    commands: GATEWAY,
    group: "Workers",
    help: "Replace a worker after about so many requests",
  },
  {
    name: "max-rss",
    kind: "string",
    placeholder: "MB",
    commands: GATEWAY,
    group: "Workers",
    help: "Replace a worker that holds so much memory, 10 s after its start at the earliest",
  },
  {
    name: "max-lifetime",
    kind: "string",
    placeholder: "SEC",
    commands: GATEWAY,
    group: "Workers",
    help: "Replace a worker after about so long",
  },
  {
    name: "watch",
    kind: "boolean",
    commands: GATEWAY,
    group: "Workers",
    help: "Reload when a file that the handler depends on changes; show a browser what is wrong",
  },
  {
    name: "code-cache",
    kind: "string",
    placeholder: "DIR|off",
    commands: GATEWAY,
    group: "Workers",
    help: "Where a start leaves a note for the next of where the handler's imports lead; off for nowhere",
    shownDefault: "~/.cache/stackd/code",
  },
  {
    name: "touch-reload",
    kind: "string",
    placeholder: "FILE",
    repeatable: true,
    commands: GATEWAY,
    group: "Workers",
    help: "Reload when FILE is touched or written",
  },
  {
    name: "env",
    kind: "string",
    placeholder: "NAME=VALUE",
    repeatable: true,
    commands: LOADING,
    group: "Workers",
    help: "Set a variable in the handler's environment",
  },
  {
    name: "env-file",
    kind: "string",
    placeholder: "FILE",
    repeatable: true,
    commands: LOADING,
    group: "Workers",
    help: "Set the variables of FILE, a line each; --env wins over it, and a later file over an earlier one",
  },
  {
    name: "uid",
    kind: "string",
    placeholder: "USER",
    commands: BOTH,
    group: "Workers",
    help: "Run workers and fronts as this user; only when started as root",
  },
  {
    name: "gid",
    kind: "string",
    placeholder: "GROUP",
    commands: BOTH,
    group: "Workers",
    help: "The group of --uid; without it the user's own",
  },
  {
    name: "chdir",
    kind: "string",
    placeholder: "DIR",
    commands: LOADING,
    group: "Workers",
    help: "The handler's working directory",
  },
] as const satisfies readonly OptionSpec[];
