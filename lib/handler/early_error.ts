/**
 * The place of a syntax error that only V8 finds, such as a name declared twice, in a TypeScript module. V8 sees the
 * JavaScript that was made of it, so the place that it names is another one.
 *
 * @module
 */

/** Longer modules would make the URL that they are tried under too long. */
const MAX_LENGTH = 1_000_000;

/**
 * Lets V8 parse `source` once more, with every type blanked out in place so that all else stays where it is.
 *
 * @returns Line and column from 1, the column in UTF-16 units; null when the place cannot be found that way (`enum`, JSX).
 */
export async function findEarlyError(source: string): Promise<{ line: number; column: number } | null> {
  if (source.length > MAX_LENGTH) return null;
  const { stripTypeScriptTypes } = await import("node:module");
  let script: string;
  try {
    script = stripTypeScriptTypes(source);
  } catch {
    return null;
  }
  return (await parse(script))?.place ?? null;
}

/** What stands before the text of a CommonJS module when it is run, on its first line (https://nodejs.org/api/modules.html). */
const WRAPPER = "(function (exports, require, module, __filename, __dirname) {";

/** The same for a CommonJS module, of which V8 has said `message`. */
export async function findScriptError(source: string, message: string): Promise<Place | null> {
  if (source.length > MAX_LENGTH) return null;
  const found = await parse(WRAPPER + source.replace(/^#!/, "//"));
  // As a part of a module, other rules hold for it: what is found may be something else.
  if (found === null || !found.message.startsWith(message)) return null;
  const { line, column } = found.place;
  return { line, column: line === 1 ? column - WRAPPER.length : column };
}

/** A place in a text. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** What V8 says of a script, and where; null when nothing is wrong with it. */
async function parse(script: string): Promise<{ readonly message: string; readonly place: Place } | null> {
  try {
    // The last line cannot be parsed, so nothing is ever run, even if all before it is right.
    await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(`${script}\n)`)}`);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : "";
    const [, line, column] = /:(\d+):(\d+)$/.exec(message) ?? [];
    const last = script.split("\n").length;
    if (line !== undefined && Number(line) <= last) {
      return { message, place: { line: Number(line), column: Number(column) } };
    }
  }
  return null;
}
