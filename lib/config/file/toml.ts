/**
 * Reads TOML. The library that parses it is known here alone, and loaded when a file is read: most starts have none.
 *
 * @module
 */
import type { AST, ParseError } from "toml-eslint-parser";
import { StackdError } from "../../errors.ts";
import type { Place, TomlArray, TomlTable, TomlValue } from "./toml_tree.ts";

/** The library's messages in words that help, by how they begin. Others are used as they are. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["Unterminated string constant", "the text does not end with a quote"],
  ["Unterminated table-key", "the section's name does not end with a bracket"],
  ["Unterminated array", 'the array does not end with "]"'],
  ["Unterminated inline table", 'the table does not end with "}"'],
  ["Empty bare keys", "a key is needed"],
  ["Must be a newline", 'the line must end here; texts and sizes are written in quotes, as "20m"'],
  ["Expected equal", 'a key is followed by "="'],
  ["Unspecified values", 'a value is needed behind "="'],
  ["Expected comma", "a comma is needed"],
  ["Defining a key multiple times", "this key or section is there before"],
  ["Unexpected character", "this character cannot stand here; texts are written in quotes"],
  ["Unexpected token", "this cannot stand here"],
  ["Control characters", "control characters are not allowed"],
  ["The key, equals sign, and value", 'a key, "=" and its value stand on one line'],
  ["Invalid character in escape", 'there is no such escape; write a backslash as "\\\\"'],
]);

/**
 * Parses a document (TOML 1.1, so that inline tables may have several lines).
 *
 * @param text The document; a byte order mark in front is skipped.
 * @param fileName What messages call it.
 * @throws {StackdError} `STACKD_CONFIG_INVALID` for the first thing that is no TOML, with line and column.
 */
export async function parseToml(text: string, fileName: string): Promise<TomlTable> {
  const { parseTOML, ParseError } = await import("toml-eslint-parser");
  // The library gives a 0 that ends the document an empty range.
  const source = `${text.replace(/^\ufeff/, "")}\n`;
  try {
    const [top] = parseTOML(source, { tomlVersion: "1.1" }).body;
    return new TreeBuilder(source).build(top);
  } catch (thrown) {
    if (!(thrown instanceof ParseError)) throw thrown;
    const { message } = thrown;
    const [, words] = [...WORDS].find(([begin]) => message.startsWith(begin)) ?? [];
    const state = words ?? message.charAt(0).toLowerCase() + message.slice(1);
    const { line, column } = placeOfError(thrown, source);
    const place = `${fileName}:${line}:${column}`;
    throw new StackdError("STACKD_CONFIG_INVALID", `Cannot use ${place}: ${state}`, { cause: thrown });
  }
}

/** Where an error is. What lacks its end is missing it behind the last text, not on a line that nobody wrote. */
function placeOfError({ index, lineNumber, column }: ParseError, source: string): Place {
  const written = source.trimEnd();
  if (index <= written.length) return { line: lineNumber, column: column + 1 };
  const lines = written.split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** Puts sections and dotted keys, which are flat in the library's tree, where they belong. */
class TreeBuilder {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  build(top: AST.TOMLTopLevelTable): TomlTable {
    const root = makeTable({ line: 1, column: 1 }, "", true);
    for (const node of top.body) {
      if (node.type === "TOMLKeyValue") this.#put(root, node);
      else this.#section(root, node);
    }
    return root;
  }

  #section(root: TomlTable, node: AST.TOMLTable): void {
    const place = placeOf(node);
    const doubled = node.kind === "array";
    // A header's node has the lines below it in its range too.
    const name = this.#source.slice(...node.key.range).trim();
    const source = doubled ? `[[${name}]]` : `[${name}]`;
    const path = node.key.keys.map(nameOf);
    const last = path.pop() ?? "";
    let table = root;
    for (const key of path) table = descend(table, key, place, source, true);
    if (!doubled) table = descend(table, last, place, source, true);
    else {
      const known = table.entries.get(last)?.value;
      const array: TomlArray = known?.kind === "array"
        ? known
        : { kind: "array", items: [], header: true, source, ...place };
      if (array !== known) table.entries.set(last, { key: place, value: array });
      table = makeTable(place, source, true);
      array.items.push(table);
    }
    for (const child of node.body) this.#put(table, child);
  }

  #put(table: TomlTable, node: AST.TOMLKeyValue): void {
    const keys = node.key.keys.map(nameOf);
    const last = keys.pop() ?? "";
    const key = placeOf(node);
    let owner = table;
    for (const name of keys) owner = descend(owner, name, key, this.#source.slice(...node.key.range), false);
    owner.entries.set(last, { key, value: this.#value(node.value) });
  }

  #value(node: AST.TOMLContentNode): TomlValue {
    const written = { ...placeOf(node), source: this.#source.slice(...node.range) };
    if (node.type === "TOMLArray") {
      return { kind: "array", header: false, items: node.elements.map((element) => this.#value(element)), ...written };
    }
    if (node.type === "TOMLInlineTable") {
      const table = makeTable(written, written.source, false);
      for (const child of node.body) this.#put(table, child);
      return table;
    }
    switch (node.kind) {
      case "string":
        return { kind: "string", value: node.value, ...written };
      case "integer":
        return { kind: "number", text: String(node.bigint), ...written };
      case "float":
        return { kind: "number", text: decimal(node), ...written };
      case "boolean":
        return { kind: "boolean", value: node.value, ...written };
      default:
        return { kind: "date", ...written };
    }
  }
}

/** The table below `key`, made if need be; of a `[[key]]`, the last one so far. */
function descend(table: TomlTable, key: string, place: Place, source: string, header: boolean): TomlTable {
  const known = table.entries.get(key)?.value;
  const found = known?.kind === "array" ? known.items.at(-1) : known;
  if (found?.kind === "table") return found;
  const made = makeTable(place, source, header);
  table.entries.set(key, { key: place, value: made });
  return made;
}

function makeTable({ line, column }: Place, source: string, header: boolean): TomlTable {
  return { kind: "table", entries: new Map(), line, column, source, header };
}

function placeOf(node: AST.TOMLNode): Place {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

/** A fraction as it is written, so that `1.0` is no whole number; exponents are worked out. */
function decimal(node: AST.TOMLFloatValue): string {
  const digits = node.number.replaceAll("_", "");
  return /e/i.test(digits) ? String(node.value) : digits;
}
