/**
 * The first moments of a confined worker: it takes from itself what its handler is not to have, and goes on as itself, so that all
 * of its threads are without it, and its memory and environment know nothing of the time before.
 *
 * @module
 */
import { dirname, fromFileUrl } from "@std/path";
import type { Permissions } from "../config/permissions.ts";
import { CONFINE, CONFINED, environmentFor } from "../confine/environment.ts";
import { abiOf, landlockVersion, restrictSelf } from "../confine/landlock.ts";
import { replaceProcess } from "../confine/replace.ts";
import { type Places, type ProcessNeeds, rulesetFor } from "../confine/ruleset.ts";
import { messageOf } from "../errors.ts";
import { logError } from "../observe/log.ts";
import type { WorkerOptions } from "../process/messages.ts";
import { selfCommand } from "../process/self.ts";
import { readableBy } from "./readable.ts";

/**
 * Confines this process as its environment says, and goes on as itself. Returns only where there is no Linux: there Deno alone
 * confines.
 *
 * @param args The worker's own.
 */
export function enterConfinement(args: readonly string[]): void {
  try {
    // Said by our supervisor in one piece; it is checked again when it comes as the first message.
    const { permissions, ...options }: WorkerOptions = JSON.parse(Deno.env.get(CONFINE) ?? "");
    Deno.env.delete(CONFINE);
    if (permissions === null) return;
    const env = environmentFor(permissions, Deno.env.toObject(), !Deno.build.standalone);
    if (Deno.build.os !== "linux") {
      for (const name of Object.keys(Deno.env.toObject())) if (!(name in env)) Deno.env.delete(name);
      return;
    }
    const abi = abiOf(landlockVersion());
    if (abi.version > 0) {
      const ruleset = rulesetFor(permissions, readableBy(options), needsOf(options), PLACES);
      warnOfMissing(permissions, restrictSelf(ruleset, abi));
    }
    const { program, args: own } = selfCommand(["worker", ...args]);
    replaceProcess(program, own, { ...env, [CONFINED]: String(abi.version) });
  } catch (thrown) {
    logError(messageOf(thrown));
    Deno.exit(1);
  }
}

const PLACES: Places = {
  exists: (path) => statOf(path) !== null,
  which(program) {
    if (program.includes("/")) return program;
    const directories = (Deno.env.get("PATH") ?? "").split(":").filter((path) => path.startsWith("/"));
    return directories.map((path) => `${path}/${program}`).find((path) => statOf(path)?.isFile) ?? null;
  },
};

function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

function needsOf({ socket, privateSocket, accessLog }: Omit<WorkerOptions, "permissions">): ProcessNeeds {
  const sockets = [socket?.path ?? [], privateSocket ?? []].flat();
  return {
    code: mappedFiles(),
    ...(Deno.build.standalone ? { reads: [], caches: [] } : sourceRun()),
    socketDirectories: [...new Set(sockets.map((path) => dirname(path)))],
    accessLog: socket !== null && accessLog.kind === "file" ? accessLog.path : null,
  };
}

/** The files that this process has mapped: itself, the loader, and the libraries that it cannot run without (proc(5)). */
function mappedFiles(): string[] {
  const lines = Deno.readTextFileSync("/proc/self/maps").split("\n");
  return [...new Set(lines.flatMap((line) => /\s(\/.+)$/.exec(line)?.[1] ?? []))];
}

/** What Deno itself reads and writes where it runs us from source. */
function sourceRun(): Pick<ProcessNeeds, "reads" | "caches"> {
  const home = Deno.env.get("HOME") ?? "/root";
  const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("XDG_CACHE_HOME") ?? `${home}/.cache`}/deno`;
  return { reads: [fromFileUrl(new URL("../../", import.meta.url))], caches: [cache] };
}

/** Says which of the paths that were named are not there: the kernel allows only what is. */
function warnOfMissing({ read, ffi }: Permissions, missing: readonly string[]): void {
  const named = [...(read === "all" ? [] : read), ...(ffi === "all" ? [] : ffi)];
  for (const path of named.filter((candidate) => missing.includes(candidate))) {
    logError(`The handler may not read "${path}" until it is loaded anew: nothing is there yet`);
  }
}
