/**
 * `deno task start [--port N]`: runs the whole chain from source until Ctrl-C.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { runChain } from "./chain.ts";
import { onNpxGone } from "./orphans.ts";
import { runTool, ToolError } from "./tool.ts";

const DEFAULT_PORT = 8080;

/**
 * The port to listen on, from the command line.
 *
 * @throws {ToolError} The command line is wrong; exit code 2.
 */
export function parsePort(args: string[]): number {
  const { port = String(DEFAULT_PORT) } = parseArgs(args, {
    string: ["port"],
    unknown: (argument) => {
      throw new ToolError(`Cannot use "${argument}": allowed is --port N`, 2);
    },
  });
  const number = Number(port);
  if (!/^[0-9]+$/.test(String(port)) || number < 1 || number > 65_535) {
    throw new ToolError(`Cannot use the port "${port}": it must be a number from 1 to 65535`, 2);
  }
  return number;
}

/** Aborts when this process is told to end: by Ctrl-C, TERM, its terminal's end, or the end of the npx above it. */
export function toldToEnd(): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, end);
  onNpxGone(end);
  return controller.signal;
}

if (import.meta.main) {
  await runTool(async (args) => {
    const failure = await runChain(parsePort(args), toldToEnd());
    if (failure !== undefined) throw new ToolError(failure);
    return 0;
  });
}
