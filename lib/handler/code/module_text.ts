/**
 * The texts of modules, as V8 gets them and as their authors are told about them.
 *
 * @module
 */
import { messageOf } from "../../errors.ts";
import type { Staging } from "./loadable.ts";
import type { Loaded } from "./node_hooks.ts";
import { mapToOriginal } from "./source_map.ts";
import { readText } from "./text.ts";

/** A module's text: its places are those of the original, and `import.meta.resolve` knows packages. */
export function finish(source: Loaded["source"], url: string, above: number): Loaded["source"] {
  if (typeof source !== "string") return source;
  const mapped = mapToOriginal(source, url, above);
  if (!mapped.includes("import.meta.resolve(")) return mapped;
  return `import.meta.resolve=globalThis[Symbol.for("stackd.resolve")](import.meta.url);${mapped}`;
}

/** A copy as it has to be, where there is no snapshot that has one. */
export function stage(path: string, { pragma, extension }: Staging): string {
  const copy = Deno.makeTempFileSync({ prefix: "stackd-", suffix: extension });
  Deno.writeTextFileSync(copy, `${pragma === null ? "" : `${pragma}\n`}${readText(path)}`);
  return copy;
}

/** Throws the error that says where the text is no JSON; Deno's says neither in which file nor where. */
export function checkJson(text: string, url: string): void {
  try {
    JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (thrown) {
    const [said = ""] = messageOf(thrown).split(/ in JSON\b/);
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(messageOf(thrown)) ?? [];
    const last = text.trimEnd().split("\n");
    const place = line === undefined ? `${last.length}:${(last.at(-1)?.length ?? 0) + 1}` : `${line}:${column}`;
    throw new SyntaxError(`${said.replace("JSON input", "the file")}\n    at ${url}:${place}`);
  }
}
