/**
 * The commands. Each loads only what it needs when it runs: a worker must be up before a client notices.
 *
 * @module
 */
import type { RawOptions } from "../config/flags.ts";
import type { CommandName } from "../config/option_spec.ts";
import { StackdError } from "../errors.ts";
import type { Output } from "./output.ts";

/** One command. */
export interface Command {
  readonly name: string;
  /** What may follow the name of a command without options, for help. */
  readonly argument?: string;
  /** One line, as a phrase. */
  readonly summary: string;
  /** Options that mean this command when they stand in its place. */
  readonly flags?: readonly string[];
  /** Not listed: for this program's own use. */
  readonly hidden?: true;
  /**
   * Runs it.
   *
   * @param args What follows the name.
   * @returns The exit code.
   */
  run(args: readonly string[], output: Output): Promise<number>;
}

/** Every command, in the order help lists them. */
export const COMMANDS: readonly Command[] = [
  {
    name: "gateway",
    summary: "Run a handler module behind a unix socket or a TCP port",
    async run(args, output) {
      const { endEarly, startEarly } = await import("../process/early.ts");
      startEarly(args);
      try {
        const raw = await readFlags("gateway", args, output);
        if (raw === null) return 0;
        const [{ readGatewayOptions }, { runGateway }] = await Promise.all([
          import("../config/gateway_options.ts"),
          import("../gateway/gateway.ts"),
        ]);
        return await runGateway(await readGatewayOptions(raw));
      } finally {
        await endEarly();
      }
    },
  },
  {
    name: "proxy",
    summary: "Relay clients to upstreams and serve static files",
    async run(args, output) {
      const raw = await readFlags("proxy", args, output);
      if (raw === null) return 0;
      const { readProxyOptions } = await import("../config/proxy_options.ts");
      const options = await readProxyOptions(raw);
      const { runProxy } = await import("../proxy/proxy.ts");
      return await runProxy(options, raw);
    },
  },
  {
    name: "check",
    summary: "Say what is wrong with a handler module or a configuration file, without serving",
    async run(args, output) {
      const raw = await readFlags("check", args, output);
      if (raw === null) return 0;
      const { check } = await import("./check.ts");
      return await check(raw, output);
    },
  },
  {
    name: "fetch",
    summary: "Ask a handler once, with no server, and print its response",
    async run(args, output) {
      const raw = await readFlags("fetch", args, output);
      if (raw === null) return 0;
      const { validateFetch } = await import("../config/fetch.ts");
      const { realSystem } = await import("../config/system.ts");
      const options = validateFetch(raw, realSystem());
      const { fetchFromHandler } = await import("./fetch.ts");
      return await fetchFromHandler(options);
    },
  },
  {
    name: "reload",
    summary: "Let what runs load its handler, or its file, anew",
    async run(args, output) {
      const raw = await readFlags("reload", args, output);
      if (raw === null) return 0;
      const { reload } = await import("./control_commands.ts");
      output.out(await reload(raw));
      return 0;
    },
  },
  {
    name: "upgrade",
    summary: "Let what runs make way for the program that is on disk now",
    async run(args, output) {
      const raw = await readFlags("upgrade", args, output);
      if (raw === null) return 0;
      const { upgrade } = await import("./control_commands.ts");
      output.out(await upgrade(raw));
      return 0;
    },
  },
  {
    name: "stop",
    summary: "Let what runs end its requests and stop",
    async run(args, output) {
      const raw = await readFlags("stop", args, output);
      if (raw === null) return 0;
      const { stop } = await import("./control_commands.ts");
      output.out(await stop(raw));
      return 0;
    },
  },
  {
    name: "status",
    summary: "Print the state of a gateway as JSON",
    async run(args, output) {
      const raw = await readFlags("status", args, output);
      if (raw === null) return 0;
      const { status } = await import("./control_commands.ts");
      output.out(await status(raw));
      return 0;
    },
  },
  {
    name: "workers",
    argument: "+1|-1",
    summary: "Give a gateway one worker more, or one less",
    async run(args, output) {
      const at = args.findIndex((arg, i) => /^[+-]?\d+$/.test(arg) && !/^-[^=]*$/.test(args[i - 1] ?? ""));
      const raw = await readFlags("workers", args.filter((_, i) => i !== at), output);
      if (raw === null) return 0;
      const change = at === -1 ? "" : args[at];
      if (change !== "+1" && change !== "-1") {
        const by = change === "" ? "" : ` by "${change}"`;
        throw new StackdError("STACKD_USAGE", `Cannot change the number of workers${by}: say +1 or -1`);
      }
      const { changeWorkers } = await import("./control_commands.ts");
      output.out(await changeWorkers(raw, change === "+1" ? 1 : -1));
      return 0;
    },
  },
  {
    name: "version",
    summary: "Print the version (also -V, --version)",
    flags: ["-V", "--version"],
    async run(args, output) {
      refuse(args, "version", 0);
      const { VERSION } = await import("../version.ts");
      output.out(`stackd ${VERSION} (deno ${Deno.version.deno}, v8 ${Deno.version.v8}, ${Deno.build.target})`);
      return 0;
    },
  },
  {
    name: "help",
    argument: "[COMMAND]",
    summary: "Print help, of a command if one is named (also -h, --help)",
    flags: ["-h", "--help"],
    async run(args, output) {
      refuse(args, "help", 1);
      const { renderCommand, renderOverview, renderPage } = await import("./help.ts");
      const { hasPage } = await import("./pages.ts");
      const [topic] = args;
      if (topic === undefined) output.out(renderOverview(listed(), output.color));
      else if (hasPage(topic)) output.out(renderPage(topic, output.color));
      else {
        const command = listed().find(({ name }) => name === topic);
        if (command === undefined) throw await unknownCommand("print help of", topic);
        output.out(renderCommand(command, output.color));
      }
      return 0;
    },
  },
  {
    name: "front",
    summary: "Take clients' requests to the workers of a gateway",
    hidden: true,
    async run(args) {
      const { runFront } = await import("../gateway/front_main.ts");
      return await runFront(args);
    },
  },
  {
    name: "proxy-front",
    summary: "Serve clients for a proxy of several processes",
    hidden: true,
    async run(args) {
      const { runProxyFront } = await import("../proxy/front_main.ts");
      return await runProxyFront(args);
    },
  },
  {
    name: "inspector",
    summary: "Load a handler module and tell what is in it, for stackd check",
    hidden: true,
    async run(args) {
      const { runInspector } = await import("../handler/inspect.ts");
      return await runInspector(args);
    },
  },
  {
    name: "worker",
    summary: "Load a handler module and serve it for a gateway",
    hidden: true,
    async run(args) {
      const { CONFINE } = await import("../confine/environment.ts");
      const enters = Deno.env.has(CONFINE) ? await import("../handler/enter.ts") : null;
      const own = enters?.enterConfinement(args) ?? args;
      const { runWorker } = await import("../handler/worker.ts");
      return await runWorker(own);
    },
  },
];

/** The commands that help lists. */
export function listed(): readonly Command[] {
  return COMMANDS.filter((command) => command.hidden === undefined);
}

/** The error for a name that no listed command has; `verb` is what could not be done with it. */
export async function unknownCommand(verb: string, name: string): Promise<StackdError> {
  const { closest } = await import("../config/suggest.ts");
  const meant = closest(name, listed().map((command) => command.name));
  const advice = meant === undefined ? "" : `, did you mean "${meant}"?`;
  return new StackdError("STACKD_USAGE", `Cannot ${verb} "${name}": no such command${advice}`);
}

/** A command's raw option values, or null when its help was asked for and printed. */
async function readFlags(command: CommandName, args: readonly string[], output: Output): Promise<RawOptions | null> {
  const { parseFlags } = await import("../config/flags.ts");
  const { help, options } = parseFlags(command, args);
  if (!help) return options;
  const { renderPage } = await import("./help.ts");
  output.out(renderPage(command, output.color));
  return null;
}

/** Throws when there are more arguments than a command without options takes. */
function refuse(args: readonly string[], command: string, most: number): void {
  const surplus = args[most];
  if (surplus === undefined) return;
  const state = most === 0 ? "takes no arguments" : "takes one command's name";
  throw new StackdError("STACKD_USAGE", `Cannot use "${surplus}": "stackd ${command}" ${state}`);
}
