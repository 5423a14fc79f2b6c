/**
 * How this program starts itself again as another process.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

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
  const program = Deno.execPath();
  if (Deno.build.standalone) return { program, args };
  const [config, entry] = ["deno.json", "cli.ts"].map((name) => fromFileUrl(new URL(`../../${name}`, import.meta.url)));
  const flags = ["-A", "--quiet", "--no-check", "--frozen", "--unstable-net", "--unstable-worker-options"];
  return { program, args: ["run", ...flags, `--config=${config}`, `${entry}`, ...args] };
}
