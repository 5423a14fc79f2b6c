/**
 * The options of the access log and of the error log: a part of the option table.
 *
 * @module
 */
import { formatAccessLog } from "./access_log.ts";
import { DEFAULTS } from "./defaults.ts";
import type { OptionSpec } from "./option_spec.ts";

const BOTH = ["gateway", "proxy"] as const;

/** Rows of the group "Logging and process". */
export const LOG_OPTIONS = [
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
    name: "log-format",
    kind: "string",
    placeholder: "combined|json|TEMPLATE",
    commands: BOTH,
    group: "Logging and process",
    help:
      "How that line looks: nginx's combined, an object of JSON, or a line with nginx's variables, as '$remote_addr $status'",
    shownDefault: "combined",
  },
  {
    name: "log-level",
    kind: "string",
    placeholder: "error|warn|info",
    commands: BOTH,
    group: "Logging and process",
    help: "What the error log has: failures alone, also what to look at, also what happens as intended",
    shownDefault: DEFAULTS.logLevel,
  },
] as const satisfies readonly OptionSpec[];
