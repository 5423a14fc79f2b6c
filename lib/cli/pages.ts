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
      "At least one of --socket, --http and --uwsgi-socket is needed. Without EXPORT, the handler is the module's default, handler, fetch or application export, the first there is.",
      "What limits clients (sizes, connections and all timeouts but --boot-timeout and --graceful-timeout) holds for --http; on --socket it is the business of the proxy in front.",
      "-c FILE reads the same options from [gateway] of stackd.toml, MODULE under module; flags win over it. HUP loads the handler anew, not the file.",
    ],
    examples: [
      "stackd gateway --socket /run/app.sock app.ts",
      "stackd gateway --http 127.0.0.1:8000 app.ts:api",
      "stackd gateway --uwsgi-socket /run/mysite.sock --chmod-socket 660 app.ts",
    ],
  },
  proxy: {
    usage: "stackd proxy --listen ADDRESS [OPTIONS]",
    purpose: "Accept connections from clients, relay them to upstreams, and serve static files.",
    notes: [
      "At least one route is needed: --upstream, --static, or one of the file that -c names.",
      "With --workers each process has every limit for itself: connections, rates, queues.",
      "The file has what flags have under the same names, and more: groups of servers, hosts, field edits, access rules. docs/proxy-config.md is its reference. HUP applies a changed file and closes no connection; a faulty one changes nothing.",
    ],
    examples: [
      "stackd proxy --listen :8080 --upstream unix:/run/app.sock --static /static=./public",
      "stackd proxy --listen :80 --upstream /=http://10.0.0.2:8000 --upstream /api=unix:/run/api.sock",
      "stackd proxy --listen :80 --upstream uwsgi:unix:/run/mysite.sock --static /static=./static",
      "stackd proxy -c stackd.toml",
    ],
  },
  check: {
    usage: "stackd check [MODULE[:EXPORT]] [-c FILE]",
    purpose:
      "Load a handler module and say what is in it, or everything that is wrong with a configuration file, without serving.",
    notes: [
      "Of a module: what it exports, what of that is served, the files and packages that it imports, and with file and line the imports that lead nowhere. It is loaded in a process of its own, which is ended then, whatever the module keeps running; onStart does not run.",
      "Exit code 0: what was checked is fine; 2: it is not.",
    ],
    examples: ["stackd check app.ts", "stackd check -c stackd.toml", "stackd check app.ts:api -c stackd.toml"],
  },
  fetch: {
    usage: "stackd fetch [OPTIONS] MODULE[:EXPORT] PATH|URL",
    purpose: "Ask a handler once, with no server, and print what it answers: for scripts and tests.",
    notes: [
      "The handler runs in this process, between its onStart and its onStop; waitUntil work is awaited. The body goes to standard output as it comes, and what the handler prints goes to standard error.",
      "Exit code 0: the status is below 500; 1: it is 500 or more, the handler threw, or its body failed; 2: wrong usage, or no usable handler. WebSockets cannot be asked for.",
    ],
    examples: [
      "stackd fetch app.ts /items",
      `stackd fetch app.ts /items -H 'Content-Type: application/json' -d '{"name":"tea"}'`,
      "stackd fetch -i app.ts:api https://example.org/items?page=2 -X DELETE",
    ],
  },
  reload: {
    usage: "stackd reload --control PATH | --pidfile FILE",
    purpose: "Let a gateway load its handler anew, or a proxy read its file again.",
    notes: [
      "Over the control socket it waits until the new workers serve, and exits with 1 and their error when they cannot; the old ones go on then. Over a pid file it sends HUP and does not wait.",
    ],
    examples: ["stackd reload --control /run/app.ctl"],
  },
  upgrade: {
    usage: "stackd upgrade --control PATH | --pidfile FILE",
    purpose:
      "Let what runs make way for the program that is on disk now, on the same sockets, without losing a request.",
    notes: [
      "The program is started with the options that the running one was started with. When it does not serve, nothing changes.",
      "Over the control socket it waits until the new process serves, and exits with 1 and the error when it does not. Over a pid file it sends USR2 and does not wait. docs/reload.md says what happens.",
    ],
    examples: ["stackd upgrade --control /run/app.ctl", "stackd upgrade --pidfile /run/proxy.pid"],
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
  "Signals: TERM stops gracefully; INT and QUIT stop now. HUP lets a gateway load its handler anew, and a proxy read its file again; USR1 opens access logs anew; USR2 starts the program that is on disk now and makes way for it.",
];
