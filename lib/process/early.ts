/**
 * The first worker's process, started before its supervisor has even read its options: so both come up at the same time. What it is
 * started with is guessed from the arguments; where the guess was wrong it is ended, and another process takes its place.
 *
 * @module
 */
import { CONFINE } from "../confine/environment.ts";
import { selfCommand } from "./self.ts";

/** What is settled about a worker's process when it starts, and cannot be told it afterwards. */
export interface EarlyStart {
  /** Whether it has our own standard output. */
  readonly logsToStdout: boolean;
  /** Whether it confines itself. */
  readonly confines: boolean;
}

/** A worker's argument in place of its channel's path, which comes as the first line of its standard input. */
export const PATH_FOLLOWS = "-";

/** Options with which a worker's user, directory or environment is another one, and those that say nothing about it here. */
const UNFORESEEN = /^(?:-h|-c|--(?:help|config|uid|gid|env|env-file|chdir)(?:$|=)|-$)/;
/** Options with which a worker of `--socket` does not serve that itself, or does not write its log to standard output. */
const NOT_ALONE = /^(?:-w|--(?:http|uwsgi-socket|workers|front|mount|static-map|access-log)(?:$|=))/;
/** Variables that only the supervisor is meant to see: it takes them out when it has read them. */
const OWN_VARIABLES = ["LISTEN_FDS", "STACKD_UPGRADE", "NOTIFY_SOCKET", "WATCHDOG_USEC"];

/** What the first worker of `stackd gateway` with these arguments will be started with, most likely; null: nobody knows yet. */
export function foresee(args: readonly string[], hasVariable: (name: string) => boolean): EarlyStart | null {
  if (args.length === 0 || args.some((arg) => UNFORESEEN.test(arg)) || OWN_VARIABLES.some(hasVariable)) return null;
  const direct = args.some((arg) => /^(?:-s|--socket(?:$|=))/.test(arg)) && !args.some((arg) => NOT_ALONE.test(arg));
  const confines = !args.includes("--learn") &&
    args.some((arg) => arg.startsWith("--allow-") && !arg.startsWith("--allow-underscore"));
  return { logsToStdout: direct && !confines, confines };
}

let waiting: { readonly child: Deno.ChildProcess; readonly start: EarlyStart } | null = null;

/** Starts the process where something can be foreseen. */
export function startEarly(args: readonly string[]): void {
  const start = foresee(args, (name) => Deno.env.has(name));
  if (start === null) return;
  const { program, args: own } = selfCommand(["worker", PATH_FOLLOWS]);
  try {
    const child = new Deno.Command(program, {
      args: [...own],
      env: start.confines ? { [CONFINE]: "1" } : {},
      stdin: "piped",
      stdout: start.logsToStdout ? "inherit" : "piped",
      stderr: "piped",
    }).spawn();
    waiting = { child, start };
  } catch { /* said when it is tried again */ }
}

/** The process that was started early, if it is what is wanted; else it is ended. Null when there is none. */
export function takeEarly(wanted: EarlyStart | null): Deno.ChildProcess | null {
  const early = waiting;
  waiting = null;
  if (early === null) return null;
  const { logsToStdout, confines } = early.start;
  if (wanted?.logsToStdout === logsToStdout && wanted.confines === confines) return early.child;
  end(early.child, logsToStdout);
  return null;
}

/** Ends the process that was started early, if nobody has taken it. */
export async function endEarly(): Promise<void> {
  const early = waiting;
  waiting = null;
  if (early !== null) await end(early.child, early.start.logsToStdout);
}

/** Kills it, and keeps nothing of it open. */
async function end(child: Deno.ChildProcess, logsToStdout: boolean): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch { /* it has ended */ }
  await Promise.allSettled([
    child.stdin.abort(),
    logsToStdout ? null : child.stdout.cancel(),
    child.stderr.cancel(),
    child.status,
  ]);
}
