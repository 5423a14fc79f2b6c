/**
 * The first moments of a confined worker: it takes from itself what its handler is not to have, and goes on as itself, so that all
 * of its threads are without it, and its memory and environment know nothing of the time before.
 *
 * @module
 */
import type { Permissions } from "../config/permissions.ts";
import { capabilitiesToDrop, dropCapabilities } from "../confine/capabilities.ts";
import { CONFINE, CONFINED, DATA_HOME, environmentFor, mayCache, NO_DATA_HOME } from "../confine/environment.ts";
import { abiOf, landlockVersion, makeRuleset, restrictSelf } from "../confine/landlock.ts";
import { loaderIn } from "../confine/no_libraries.ts";
import { replaceProcess } from "../confine/replace.ts";
import { rulesetFor } from "../confine/ruleset.ts";
import { messageOf } from "../errors.ts";
import { logError } from "../observe/log.ts";
import type { Confinement } from "../process/confinement.ts";
import type { WorkerOptions } from "../process/messages.ts";
import { PATH_FOLLOWS } from "../process/early.ts";
import { selfCommand } from "../process/self.ts";
import { mappedFiles, needsOf, PLACES } from "./process_needs.ts";
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
    const abi = abiOf(landlockVersion());
    const maps = Deno.build.os === "linux" ? Deno.readTextFileSync("/proc/self/maps") : "";
    const code = mappedFiles(maps), loader = loaderIn(maps)?.from ?? null;
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
      const made = makeRuleset(ruleset, abi);
      restrictSelf(made);
      warnOfMissing(permissions, made.missing);
    }
    dropCapabilities(capabilitiesToDrop(permissions));
    const { program, args: own } = selfCommand(["worker", path]);
    const dataHome = env[DATA_HOME] ?? null;
    const confinement: Confinement = { landlock: abi.version, loader, options, dataHome };
    if (!mayCache(permissions)) env[DATA_HOME] = NO_DATA_HOME;
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

/** Says which of the paths that were named are not there: the kernel allows only what is. */
function warnOfMissing({ read, ffi }: Permissions, missing: readonly string[]): void {
  const named = [...(read === "all" ? [] : read), ...(ffi === "all" ? [] : ffi)];
  for (const path of named.filter((candidate) => missing.includes(candidate))) {
    logError(`The handler may not read "${path}" until it is loaded anew: nothing is there yet`);
  }
}
