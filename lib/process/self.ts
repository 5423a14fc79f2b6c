/**
 * How this program starts itself again as another process.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** Asked for once: the system has another name for an executable that was replaced on disk while it runs. */
const PROGRAM = Deno.execPath();

/** A program and its arguments. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The command line that runs this program with `args`: the executable itself, or in a source run Deno with `cli.ts` and
 * the project's own configuration, whatever directory it is started from.
 */
export function selfCommand(args: readonly string[]): CommandLine {
  if (Deno.build.standalone) return { program: PROGRAM, args };
  const [config, entry] = ["deno.json", "cli.ts"].map((name) => fromFileUrl(new URL(`../../${name}`, import.meta.url)));
  const flags = ["-A", "--quiet", "--no-check", "--frozen", "--unstable-net", "--unstable-worker-options"];
  return { program: PROGRAM, args: ["run", ...flags, `--config=${config}`, `${entry}`, ...args] };
}
