/**
 * How this program starts itself again as another process.
 *
 * @module
 */
import { fromFileUrl, resolve } from "@std/path";
import { StackdError } from "../errors.ts";

/** Asked for once: the system has another name for an executable that was replaced on disk while it runs. */
const PROGRAM = Deno.execPath();

/** Whether this process is stackd, and not a program that embeds it. */
const IS_STACKD = Deno.mainModule === new URL("../../cli.ts", import.meta.url).href;

/** Where a program that embeds stackd names stackd's executable. */
const EXECUTABLE = "STACKD_EXECUTABLE";

/** A program and its arguments. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The command line that runs this program, or the one at `program`, with `args`: the executable itself, or in a source run Deno with `cli.ts` and
 * the project's own configuration, whatever directory it is started from.
 */
export function selfCommand(args: readonly string[], program: string = PROGRAM): CommandLine {
  const executable = IS_STACKD ? undefined : Deno.env.get(EXECUTABLE);
  if (executable !== undefined) return { program: executable, args };
  if (Deno.build.standalone) return { program, args };
  const [config, entry] = ["deno.json", "cli.ts"].map((name) => fromFileUrl(new URL(`../../${name}`, import.meta.url)));
  const flags = ["-A", "--quiet", "--no-check", "--frozen", "--unstable-net", "--unstable-worker-options"];
  return { program, args: ["run", ...flags, `--config=${config}`, `${entry}`, ...args] };
}

/**
 * Makes sure that a program that embeds stackd does not start itself where it means to start a worker.
 *
 * @throws {StackdError} `STACKD_USAGE` when it is compiled, and nobody has named stackd's executable.
 */
export function checkSelf(): void {
  if (IS_STACKD || !Deno.build.standalone || Deno.env.get(EXECUTABLE) !== undefined) return;
  const state = `this program is compiled, and has no stackd in it; name its executable in ${EXECUTABLE}`;
  throw new StackdError("STACKD_USAGE", `Cannot start workers: ${state}`);
}

/**
 * The program that would run if this process were started now as it was: by the name that it was called by, symbolic links
 * followed anew, so that it may be another one than runs here.
 */
export function programOnDisk(): string {
  if (!Deno.build.standalone) return PROGRAM;
  const name = calledBy();
  if (name === "") return PROGRAM;
  const places = name.includes("/")
    ? [resolve(name)]
    : (Deno.env.get("PATH") ?? "").split(":").map((directory) => resolve(directory, name));
  return places.find(isFile) ?? (name.includes("/") ? resolve(name) : PROGRAM);
}

/** What this process was called by; empty where the system does not tell. */
function calledBy(): string {
  try {
    return Deno.readTextFileSync("/proc/self/cmdline").split("\0")[0] ?? "";
  } catch {
    return "";
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
