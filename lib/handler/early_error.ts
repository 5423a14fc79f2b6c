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
  try {
    // The last line cannot be parsed, so nothing is ever run, even if all before it is right.
    await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(`${script}\n)`)}`);
  } catch (thrown) {
    const [, line, column] = /:(\d+):(\d+)$/.exec(thrown instanceof Error ? thrown.message : "") ?? [];
    const last = script.split("\n").length;
    return line === undefined || Number(line) > last ? null : { line: Number(line), column: Number(column) };
  }
  return null;
}
