/**
 * The lists of `--allow-…`, as Deno writes them: with commas between, and each comma within a name doubled.
 *
 * @module
 */

/** The names in a list; an empty one where two separators, or a separator and an end, have nothing between them. */
export function splitList(text: string): string[] {
  const names = [""];
  for (const [piece] of text.matchAll(/,,|,|[^,]+/g)) {
    if (piece === ",") names.push("");
    else names.push(`${names.pop() ?? ""}${piece === ",," ? "," : piece}`);
  }
  return names;
}

/** A name as it stands in a list. */
export function listedName(name: string): string {
  return name.replaceAll(",", ",,");
}
