/**
 * A module that does not parse, as its author needs to see it: file, line, column, the line itself and a caret. Deno says it
 * in three ways: as a dump of its parser's own error in the compiled binary, with an excerpt in a source run, and in V8's
 * words for what only V8 finds.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** A place in a module, and what is wrong there. */
export interface SyntaxProblem {
  /** Absolute path. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** What is wrong, as a phrase without a full stop. */
  readonly message: string;
  /** The line and a caret below it; empty when the file cannot be read. */
  readonly excerpt: string;
  /** Who found it. V8 sees TypeScript only after it was turned into JavaScript, with other lines and columns. */
  readonly finder: "parser" | "v8";
}

/** Gives a file's text, or null when it cannot be read. */
export type ReadFile = (path: string) => string | null;

/** The parser's error as Rust prints it for debugging. Its positions are bytes of UTF-8, counted from `start_pos`. */
const DUMP =
  /ParseDiagnosticInner \{ specifier: Url \{.*? path: "([^"]*)".*?SourcePos\((\d+)\).*? kind: (.*?), source: SourceTextInfo \{ start_pos: StartSourcePos\((\d+)\)/s;
/** What Deno makes of the same error in a source run: message, excerpt, place. */
const PRINTED = /^(?:SyntaxError: )?(.+?)\n(?:.*\n)*? +at (file:\/\/.+):(\d+):(\d+)\s*$/;
const V8 = /^(.+) at (file:\/\/.+):(\d+):(\d+)$/s;

/**
 * Reads a syntax error out of what an import threw; null when it is something else.
 *
 * @param name The error's name.
 * @param message Its message, without colours.
 */
export function parseSyntaxError(name: string, message: string, readFile: ReadFile): SyntaxProblem | null {
  const [, dumped, start = "", kind = "", base = ""] = DUMP.exec(message) ?? [];
  if (dumped !== undefined) {
    const file = fromFileUrl(`file://${dumped}`);
    const source = withoutMark(readFile(file) ?? "");
    const { line, column } = placeOf(source, Number(start) - Number(base));
    return {
      file,
      line,
      column,
      message: explain(kind),
      excerpt: renderExcerpt(source, line, column),
      finder: "parser",
    };
  }
  const finder = name === "SyntaxError" ? "v8" : "parser";
  const pattern = finder === "v8" ? V8 : PRINTED;
  if (finder === "parser" && !message.startsWith("SyntaxError: ")) return null;
  const [, said, url, row, unit] = pattern.exec(message) ?? [];
  if (said === undefined || url === undefined) return null;
  const file = fromFileUrl(url);
  const source = withoutMark(readFile(file) ?? "");
  const line = Number(row);
  const text = source.split("\n")[line - 1] ?? "";
  // V8 counts UTF-16 units, the parser characters.
  const column = finder === "v8" ? [...text.slice(0, Number(unit) - 1)].length + 1 : Number(unit);
  return { file, line, column, message: restate(said), excerpt: renderExcerpt(source, line, column), finder };
}

/** The same problem at the place where it really is. */
export function movedTo(problem: SyntaxProblem, line: number, column: number, readFile: ReadFile): SyntaxProblem {
  const excerpt = renderExcerpt(withoutMark(readFile(problem.file) ?? ""), line, column);
  return { ...problem, line, column, excerpt };
}

/** A byte order mark is not part of the text that was parsed. */
function withoutMark(source: string): string {
  return source.charCodeAt(0) === 0xfeff ? source.slice(1) : source;
}

/** Line and column, from 1, of an offset in bytes of UTF-8. */
function placeOf(source: string, offset: number): { line: number; column: number } {
  const before = new TextDecoder().decode(new TextEncoder().encode(source).subarray(0, offset)).split("\n");
  return { line: before.length, column: [...(before.at(-1) ?? "")].length + 1 };
}

/** Characters of a long line that are shown on either side of the place. */
const SHOWN = 60;

/** A line of `source` with a caret under `column`; empty when there is no such line. */
export function renderExcerpt(source: string, line: number, column: number): string {
  const text = source.split("\n")[line - 1];
  if (text === undefined) return "";
  const characters = [...text.replace(/\r$/, "")];
  const from = column > 2 * SHOWN ? column - SHOWN : 0;
  const shown = characters.slice(from, column + SHOWN).join("");
  const cut = `${from > 0 ? "…" : ""}${shown}${characters.length > column + SHOWN ? "…" : ""}`;
  // Tabs stay tabs, so that the caret stands where the terminal puts the character.
  const indent = (from > 0 ? " " : "") + characters.slice(from, column - 1).map((c) => c === "\t" ? c : " ").join("");
  const gutter = " ".repeat(String(line).length);
  return `${gutter} |\n${line} | ${cut}\n${gutter} | ${indent}^`;
}

/** The parser's names for what it found, where taking them apart into words would not do. */
const WORDS: Readonly<Record<string, string>> = {
  ExpectedIdent: "expected a name",
  ExpectedSemi: 'expected ";" or a new line',
  ExpectedSemiForExprStmt: 'expected ";" or a new line',
  LegacyOctal: "octal numbers begin with 0o",
  TS1003: "expected a name",
  TS1005: 'expected ";" or a new line',
  TS1009: 'unexpected "," at the end',
  TS1109: "expected an expression",
  TS1110: "expected a type",
  TS2406: "this cannot be assigned to",
  UnterminatedBlockComment: "this comment has no end",
  UnterminatedRegExp: "this regular expression has no end",
  UnterminatedStrLit: "this string has no end",
  UnterminatedTpl: "this template string has no end",
};

/** The parser's error kind, as `Expected(",", ";")`, in words. */
function explain(kind: string): string {
  const [, expected, found] = /^Expected\("(.*?)", "(.*)"\)$/s.exec(kind) ?? [];
  if (expected !== undefined) return `expected ${quote(expected)} but found ${quote(found ?? "")}`;
  const [, got, wanted = ""] = /^Unexpected \{ got: "(.*?)", expected: "(.*)" \}$/s.exec(kind) ?? [];
  // A long list of all that could stand there helps nobody.
  if (got !== undefined) return `unexpected ${quote(got)}${wanted.length > 40 ? "" : `, expected ${wanted}`}`;
  const [name = kind] = /^\w+/.exec(kind) ?? [];
  const [, tag] = /^JSXExpectedClosingTag \{ tag: "(.*?)"/.exec(kind) ?? [];
  if (tag !== undefined) return `expected "</${tag}>"`;
  return WORDS[name] ?? name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}

/** What Deno or V8 says, in the same words as {@linkcode explain} where both speak of the same. */
export function restate(said: string): string {
  const [, expected, found] = /^Expected '(.*)', got '(.*)'$/s.exec(said) ?? [];
  if (expected !== undefined) return `expected ${quote(expected)} but found ${quote(found ?? "")}`;
  return said.charAt(0).toLowerCase() + said.slice(1);
}

function quote(token: string): string {
  return token === "<eof>" ? "the end of the file" : `"${token.replaceAll('\\"', '"')}"`;
}
