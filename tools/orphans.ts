/**
 * Keeps `deno task start` from leaving processes behind, however it ends.
 *
 * @module
 */
import { send } from "./tool.ts";

/** A process that outlives this one by a moment. */
export interface Guard {
  /** Takes the guard off, after the processes have ended in order. */
  release(): Promise<void>;
}

/**
 * Ends processes and removes a directory when this process dies without doing so itself, even by SIGKILL: a shell waits
 * for the end of its stdin, which only this process holds open.
 */
export function guardAgainstDeath(pids: number[], directory: string): Guard {
  // Ctrl-C and a terminal's end reach the whole process group, and the shell's work is not done then.
  const script = 'trap "" INT HUP; read -r _; kill -TERM "$@" 2>/dev/null; rm -rf -- "$0"';
  const args = ["-c", script, directory, ...pids.map(String)];
  const shell = new Deno.Command("sh", { args, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
  return {
    async release() {
      send(shell, "SIGKILL");
      await shell.status;
      await shell.stdin.abort();
    },
  };
}

/**
 * Calls back once when the `npx` that runs this process is gone. npx passes a TERM on to the shell between it and
 * `deno task` only, so that without this, a killed npx leaves the task running. Linux; elsewhere, and without npx, it
 * does nothing.
 *
 * @returns A function that ends the watch.
 */
export function onNpxGone(callback: () => void): () => void {
  const npx = ancestors(Deno.pid).find((pid) => commandLine(pid).startsWith("npm exec"));
  if (npx === undefined) return () => {};
  const title = commandLine(npx);
  const timer = setInterval(() => {
    if (commandLine(npx) === title) return;
    clearInterval(timer);
    callback();
  }, 500);
  return () => clearInterval(timer);
}

/** The processes above one, nearest first. */
function ancestors(pid: number): number[] {
  // After the name in parentheses, which may hold anything, come the state and the parent's id: proc_pid_stat(5).
  const parent = Number(readProc(pid, "stat").replace(/^.*\) . /s, "").split(" ")[0]);
  return parent > 1 ? [parent, ...ancestors(parent)] : [];
}

/** A process's command line; empty when it has ended, also while its parent has not noticed yet. */
function commandLine(pid: number): string {
  return readProc(pid, "cmdline").replaceAll("\0", " ");
}

function readProc(pid: number, file: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return "";
  }
}
