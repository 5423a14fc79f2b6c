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
import type { Confinement } from "../process/confinement.ts";
import type { WorkerOptions } from "../process/messages.ts";
import { PATH_FOLLOWS } from "../process/early.ts";
import { selfCommand } from "../process/self.ts";
import { readableBy } from "./readable.ts";

/**
 * Waits to be told what to confine this process to, does so, and goes on as itself. Returns only where there is no Linux: there Deno
 * alone confines.
 *
 * @param args The worker's own.
 * @returns Those to go on with.
 */
export function enterConfinement(args: readonly string[]): readonly string[] {
  try {
    Deno.env.delete(CONFINE);
    // While nothing is known yet, what does not depend on it is done.
    const abi = abiOf(landlockVersion()), code = Deno.build.os === "linux" ? mappedFiles() : [];
    const lines = new InputLines();
    const path = args[0] === PATH_FOLLOWS ? lines.next() : args[0], line = lines.next();
    if (path === undefined || path === null || line === null) Deno.exit(1); // the supervisor is gone
    // Said by our supervisor in one piece; it is checked again when it comes as the first message.
    const options: WorkerOptions = JSON.parse(line), { permissions } = options;
    if (permissions === null) return [path];
    const env = environmentFor(permissions, Deno.env.toObject(), !Deno.build.standalone);
    if (Deno.build.os !== "linux") {
      for (const name of Object.keys(Deno.env.toObject())) if (!(name in env)) Deno.env.delete(name);
      return [path];
    }
    if (abi.version > 0) {
      const ruleset = rulesetFor(permissions, readableBy(options), needsOf(options, code), PLACES);
      warnOfMissing(permissions, restrictSelf(ruleset, abi));
    }
    const { program, args: own } = selfCommand(["worker", path]);
    const confinement: Confinement = { landlock: abi.version, options };
    replaceProcess(program, own, { ...env, [CONFINED]: JSON.stringify(confinement) });
  } catch (thrown) {
    logError(messageOf(thrown));
    Deno.exit(1);
  }
}

/** The lines of standard input. Nothing else is there to be done while they are waited for. */
class InputLines {
  readonly #decoder = new TextDecoder();
  readonly #chunk = new Uint8Array(16_384);
  #text = "";

  /** The next one; null when the input ends before. */
  next(): string | null {
    while (!this.#text.includes("\n")) {
      const count = Deno.stdin.readSync(this.#chunk);
      if (count === null) return null;
      this.#text += this.#decoder.decode(this.#chunk.subarray(0, count), { stream: true });
    }
    const [line = ""] = this.#text.split("\n", 1);
    this.#text = this.#text.slice(line.length + 1);
    return line;
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

function needsOf({ socket, privateSocket, accessLog }: WorkerOptions, code: readonly string[]): ProcessNeeds {
  const sockets = [socket?.path ?? [], privateSocket ?? []].flat();
  return {
    code,
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
