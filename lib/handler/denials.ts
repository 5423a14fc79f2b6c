/**
 * What a confined handler was denied, told to its operator once for each place in its code, with the option that would allow it.
 *
 * @module
 */
import { listedName } from "../config/permission_list.ts";
import { isUnallowable } from "../confine/within.ts";
import type { Permissions } from "../config/permissions.ts";
import { logError } from "../observe/log.ts";
import { userFrames } from "./stack.ts";

const OWN = new URL("../", import.meta.url).href;
/** So many places are told; a handler may make up paths for ever. */
const MAX_PLACES = 500;

/** Reports every `NotCapable` that is made in this isolate from now on; its message then names the option, too. */
export function reportDenials(): void {
  const told = new Set<string>(), temporary = temporaryDirectory();
  watch(Deno.errors.NotCapable, (error, above) => {
    const denial = readDenial(error.message, temporary);
    if (denial === null) return;
    error.message = `${denial.what} is not allowed: ${denial.cure}`;
    tell(told, `The handler was denied ${denial.what}: ${denial.cure}`, above);
  });
  watch(Deno.errors.PermissionDenied, ({ message }, above) => {
    const [, path] = /\(os error 13\): .*?'([^']+)'/.exec(message) ?? [];
    if (path === undefined) return;
    const hint =
      "where a symbolic link leads out of what is allowed, its target has to be allowed, too, and a file that has come or was " +
      "replaced since the worker's start is allowed by a reload, or by allowing its directory";
    tell(told, `The system denied the handler access to "${path}": ${hint}`, above);
  });
}

/** Has the Cache API ask for the permissions that it needs: Deno asks for none. */
export function denyCaches({ read }: Pick<Permissions, "read">): void {
  for (const name of ["open", "has", "delete"]) {
    Object.defineProperty(CacheStorage.prototype, name, {
      configurable: true,
      writable: true,
      // A promise that is rejected, as that of every other call on it.
      // deno-lint-ignore require-await
      async value() {
        throw new Deno.errors.NotCapable(`Requires ${read === "all" ? "write" : "read"} access`);
      },
    });
  }
}

function tell(told: Set<string>, text: string, above: Error): void {
  const [place = ""] = userFrames(above).split("\n");
  if (place === "" && above.stack?.includes(OWN)) return; // what we look for and do without is nobody's affair
  const line = place === "" ? text : `${text} (${place.trim()})`;
  if (told.has(line) || told.size >= MAX_PLACES) return;
  told.add(line);
  logError(line);
}

/**
 * What was denied, and what would allow it, from Deno's message; null when it says something else.
 *
 * @param temporary Where temporary files are made, which Deno does not say.
 */
export function readDenial(
  message: string,
  temporary: string,
): { readonly what: string; readonly cure: string } | null {
  const [, kind, named] = /^Requires (\w+) access(?: to ("(?:.*?)"|<TMP>))?(?=$|,)/s.exec(message) ?? [];
  if (kind === undefined) return null;
  const value = named === "<TMP>" ? temporary : named?.slice(1, -1);
  const what = value === undefined ? `${kind} access` : `${kind} access to "${value}"`;
  if (kind === "all" || (value !== undefined && isUnallowable(value))) {
    return { what: `access to "${value}"`, cure: "no option allows it to a confined handler" };
  }
  if (kind === "import") return { what, cure: "a module on the net has to be bundled" };
  const flag = value === undefined ? `--allow-${kind}` : `--allow-${kind}=${listedName(value)}`;
  return { what, cure: `${flag} would allow it` };
}

/** Where Deno makes temporary files. A handler that may not see the variable has a process without it. */
function temporaryDirectory(): string {
  try {
    return Deno.env.get("TMPDIR") ?? "/tmp";
  } catch {
    return "/tmp";
  }
}

/**
 * Calls `made` for every error of a class, with one whose stack is that of the call. Deno makes its errors inside of itself, but by
 * their own constructors, which set the name last.
 */
function watch<Thrown extends Error>(
  { prototype }: { readonly prototype: Thrown },
  made: (error: Thrown, above: Error) => void,
): void {
  function setName(this: Thrown, name: string): void {
    Object.defineProperty(this, "name", { value: name, configurable: true, writable: true });
    const above = new Error();
    Error.captureStackTrace(above, setName);
    made(this, above);
  }
  Object.defineProperty(prototype, "name", {
    configurable: true,
    set: setName,
    get: () => "Error",
  });
}
