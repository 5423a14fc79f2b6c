/**
 * Who runs under a process id that a pid file names. A pid file may be left over, and the system uses each id again.
 *
 * @module
 */
import { basename } from "@std/path";

/** A process as /proc shows it. */
export interface ShownProcess {
  /** Its command line; empty for one that has ended and is not collected. */
  readonly args: readonly string[];
  /** The path of what it runs; null where that is not for us to see. */
  readonly executable: string | null;
}

/** The process with this id: null when there is none, "unseen" where the system does not show it. */
export function processOf(pid: number | "self"): ShownProcess | "unseen" | null {
  let args: string[];
  try {
    args = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
  } catch (thrown) {
    return thrown instanceof Deno.errors.NotFound && isShown("self") ? null : "unseen";
  }
  return args.length === 0 ? null : { args, executable: executableOf(pid) };
}

/** Whether `shown` is a supervisor of stackd's. `self`: this process, which may be called by another name than stackd. */
export function isSupervisor(shown: ShownProcess, self: ShownProcess): boolean {
  const at = shown.args.findIndex((arg, i) => i > 0 && (arg === "gateway" || arg === "proxy"));
  if (at > 1) return basename(shown.args[at - 1] ?? "") === "cli.ts"; // a source run: deno run … cli.ts gateway
  const own = namesOf(self);
  return at === 1 && namesOf(shown).some((name) => name.startsWith("stackd") || own.includes(name));
}

function namesOf({ args: [called = ""], executable }: ShownProcess): string[] {
  return [called, ...(executable === null ? [] : [executable])].map((path) => basename(path));
}

function executableOf(pid: number | "self"): string | null {
  try {
    // One that was replaced on disk while it runs is shown with this suffix.
    return Deno.readLinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "");
  } catch {
    return null;
  }
}

function isShown(pid: string): boolean {
  try {
    return Deno.statSync(`/proc/${pid}/cmdline`).isFile;
  } catch {
    return false;
  }
}
