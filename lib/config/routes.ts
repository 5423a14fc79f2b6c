/**
 * Routes as `--upstream` and `--static` write them: `[PREFIX=]WHAT`.
 *
 * @module
 */
import { resolve } from "@std/path";
import type { System } from "./system.ts";
import { ValueError } from "./values.ts";

/**
 * Takes a route's value apart. Only what begins with `/` and is followed by `=` is a prefix, so that a directory's name
 * may hold `=`; one that also begins with `/` is written behind `/=`.
 *
 * @returns The prefix normalised, `/` when there is none, and what follows it.
 * @throws {ValueError} When the prefix is none that a request's path can begin with, or nothing follows it.
 */
export function splitRoute(text: string): { prefix: string; rest: string } {
  const [, written, rest = ""] = /^(\/[^=]*)=(.*)$/s.exec(text) ?? [];
  if (written === undefined) return { prefix: "/", rest: text };
  const prefix = parsePrefix(written);
  if (rest === "") throw new ValueError(`nothing follows the prefix "${written}"`);
  return { prefix, rest };
}

/** Whether a route's value looks like one whose prefix lacks its slash. */
export function lacksSlash(text: string): boolean {
  return /^[\w.-]+(?:\/[\w.-]*)*=/.test(text);
}

/**
 * The absolute path of a directory whose files are served.
 *
 * @param cure What to do when there is none, for the error.
 * @throws {ValueError} When there is none.
 */
export function findRoot(text: string, system: Pick<System, "cwd" | "kindOf">, cure = ""): string {
  const root = resolve(system.cwd, text);
  const kind = system.kindOf(root);
  if (kind === "directory") return root;
  if (kind === "denied") throw new ValueError(`permission denied to see "${text}"`);
  throw new ValueError(kind === "missing" ? `there is no directory "${text}"${cure}` : `"${text}" is no directory`);
}

/**
 * A prefix in the form in which the router sees a request's path: percent-encoded, and without the slash at its end, so
 * that `/static` and `/static/` are the same route. It is written without escapes: `/größe`, not `/gr%C3%B6%C3%9Fe`.
 *
 * @throws {ValueError} When it does not begin with `/`, or holds what a normalised path cannot.
 */
export function parsePrefix(text: string): string {
  if (!text.startsWith("/")) throw new ValueError('a prefix begins with "/"');
  if (/[?#%\s\p{Cc}]/u.test(text)) throw new ValueError('a prefix holds no spaces, "?", "#" or "%"');
  const prefix = text.replace(/\/+$/, "");
  if (prefix.includes("//") || /\/\.\.?(?:\/|$)/.test(prefix)) {
    throw new ValueError('a prefix holds no empty, "." or ".." segments');
  }
  return prefix === "" ? "/" : encodeURI(prefix);
}
