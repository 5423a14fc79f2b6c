/**
 * What help and docs/cli.md say of each command beside its options.
 *
 * @module
 */
import type { CommandName } from "../config/option_spec.ts";

/** The page of one command. */
export interface Page {
  /** What follows `Usage: `. */
  readonly usage: string;
  /** One sentence. */
  readonly purpose: string;
  /** Sentences that hold for the options as a whole. */
  readonly notes: readonly string[];
  /** Command lines to copy. */
  readonly examples: readonly string[];
}

/** The commands that take options. */
export const PAGES: Readonly<Record<CommandName, Page>> = {
  gateway: {
    usage: "stackd gateway [OPTIONS] MODULE[:EXPORT]",
    purpose: "Run a handler module, TypeScript or JavaScript, and serve it over HTTP.",
    notes: [
      "At least one of --socket and --http is needed. Without EXPORT, the handler is the module's default, handler, fetch or application export, the first there is.",
      "What limits clients (sizes, connections and all timeouts but --boot-timeout and --graceful-timeout) holds for --http; on --socket it is the business of the proxy in front.",
    ],
    examples: [
      "stackd gateway --socket /run/app.sock app.ts",
      "stackd gateway --http 127.0.0.1:8000 app.ts:api",
    ],
  },
  proxy: {
    usage: "stackd proxy --listen ADDRESS [OPTIONS]",
    purpose: "Accept connections from clients, relay them to upstreams, and serve static files.",
    notes: [
      "At least one route is needed: --upstream, --static, or one of the file that -c names.",
      "The file has what flags have under the same names, and more: groups of servers, hosts, field edits, access rules. docs/proxy-config.md is its reference. HUP applies a changed file and closes no connection; a faulty one changes nothing.",
    ],
    examples: [
      "stackd proxy --listen :8080 --upstream unix:/run/app.sock --static /static=./public",
      "stackd proxy --listen :80 --upstream /=http://10.0.0.2:8000 --upstream /api=unix:/run/api.sock",
      "stackd proxy -c stackd.toml",
    ],
  },
  check: {
    usage: "stackd check -c FILE",
    purpose:
      "Say everything that is wrong with a configuration file, each mistake with its line, without starting anything.",
    notes: ["Exit code 0: it is fine; 2: it is not."],
    examples: ["stackd check -c stackd.toml"],
  },
  reload: {
    usage: "stackd reload --control PATH | --pidfile FILE",
    purpose: "Let a gateway load its handler anew, or a proxy read its file again.",
    notes: [
      "Over the control socket it waits until the new workers serve, and exits with 1 and their error when they cannot; the old ones go on then. Over a pid file it sends HUP and does not wait.",
    ],
    examples: ["stackd reload --control /run/app.ctl"],
  },
  stop: {
    usage: "stackd stop --control PATH | --pidfile FILE",
    purpose: "Let what runs finish its requests and stop, as TERM does.",
    notes: [],
    examples: ["stackd stop --pidfile /run/app.pid"],
  },
  status: {
    usage: "stackd status --control PATH",
    purpose: "Print the state of a gateway and its workers as JSON, with uWSGI's names where it has them.",
    notes: ["docs/status.md explains each field."],
    examples: ["stackd status --control /run/app.ctl"],
  },
  workers: {
    usage: "stackd workers +1|-1 --control PATH",
    purpose: "Give a gateway one worker more, or one less, until it is started again.",
    notes: [],
    examples: ["stackd workers +1 --control /run/app.ctl"],
  },
};

/** Whether a name is that of a command with options. */
export function hasPage(name: string): name is CommandName {
  return Object.hasOwn(PAGES, name);
}

/** How values are written, for people who read one page only. */
export const SYNTAX: readonly string[] = [
  "SIZE is in bytes, or with k, m or g (512k). SEC is in seconds and may have a fraction (0.5).",
  "8080 and :8080 mean every address, IPv4 and IPv6; [::1]:8080 and localhost:8080 one of them.",
];

/** What a process tells and is told. */
export const PROCESS: readonly string[] = [
  "Exit codes: 0 done; 2 wrong usage or configuration, or no usable handler; 1 anything else.",
  "Signals: TERM stops gracefully; INT and QUIT stop now. HUP lets a gateway load its handler anew, and a proxy read its file again; USR1 opens access logs anew.",
];
