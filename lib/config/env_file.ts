/**
 * Environment variables: the file of `--env-file`, and the value of `--env`.
 *
 * @module
 */
import { ValueError } from "./values.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What may stand behind a quoted value. */
const TAIL = /^[ \t]*(#.*)?$/;
const ESCAPES: Readonly<Record<string, string>> = Object.freeze({
  n: "\n",
  r: "\r",
  t: "\t",
  "\\": "\\",
  '"': '"',
  $: "$",
  "`": "`",
});

/**
 * The variables that a file sets, in its order; the last line that names one wins.
 *
 * A line is `NAME=VALUE`, with `export ` in front if need be, blank, or a comment behind `#`. Plain values lose the blanks
 * around them and end before a `#` that follows a blank. Within `'…'` every character is itself. Within `"…"` there are
 * `\n`, `\r`, `\t`, `\\`, `\"`, `\$` and `` \` ``; any other backslash is itself. Quoted values may have several lines. Nothing
 * is expanded: `$HOME` is these five characters. So far systemd, docker and dotenv agree; of what they do not agree on, it is
 * dotenv's way that is followed.
 *
 * @throws {ValueError} At the first line that is none of this. The message names the line, never a value.
 */
export function parseEnvFile(content: string): Map<string, string> {
  const text = content.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  const variables = new Map<string, string>();
  for (let at = 0, number = 1; at < text.length;) {
    const line = text.slice(at, lineEnd(text, at));
    let next = at + line.length + 1;
    if (!/^[ \t]*(#|$)/.test(line)) {
      try {
        const { name, value } = split(line.replace(/^[ \t]*(export[ \t]+)?/, ""), " \t");
        const quoted = readQuoted(text, at + line.length - value.length, name);
        variables.set(name, refuseNul(quoted?.value ?? plain(value)));
        next = quoted?.next ?? next;
      } catch (thrown) {
        if (thrown instanceof ValueError) throw new ValueError(`line ${number}: ${thrown.message}`);
        throw thrown;
      }
    }
    for (; at < next; at++) if (text[at] === "\n") number++;
  }
  return variables;
}

/**
 * The value of `--env`: `NAME=VALUE`, the value as it is, for the shell has dealt with quotes.
 *
 * @throws {ValueError} When it is none.
 */
export function parseEnvAssignment(text: string): { readonly name: string; readonly value: string } {
  const { name, value } = split(text);
  return { name, value: refuseNul(value) };
}

/** Takes `NAME=VALUE` apart; `blanks` are those that may stand before the value. */
function split(text: string, blanks = ""): { name: string; value: string } {
  const equals = text.indexOf("=");
  if (equals === -1) throw new ValueError("NAME=VALUE is needed, it has no =");
  const name = text.slice(0, equals);
  if (!NAME.test(name)) {
    const state = /\s$/.test(name)
      ? "no blank stands before the ="
      : "a name has letters, digits and _, no digit first";
    throw new ValueError(state);
  }
  let start = equals + 1;
  while (start < text.length && blanks.includes(text.charAt(start))) start++;
  return { name, value: text.slice(start) };
}

/** A value without quotes: up to its comment, without the blanks at its end. */
function plain(value: string): string {
  return value.replace(/(^|[ \t])#.*$/s, "").trimEnd();
}

/** The quoted value at `start`, and where the line behind it begins; null when there is no quote. */
function readQuoted(text: string, start: number, name: string): { value: string; next: number } | null {
  const quote = text[start];
  if (quote !== '"' && quote !== "'") return null;
  let close = start + 1;
  while (close < text.length && text[close] !== quote) close += quote === '"' && text[close] === "\\" ? 2 : 1;
  if (close >= text.length) throw new ValueError(`the ${quote} of ${name} is not closed`);
  const end = lineEnd(text, close);
  if (!TAIL.test(text.slice(close + 1, end))) throw new ValueError(`something follows the closing ${quote} of ${name}`);
  const value = text.slice(start + 1, close);
  return { value: quote === '"' ? unescape(value) : value, next: end + 1 };
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf("\n", from);
  return newline === -1 ? text.length : newline;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, (whole, character: string) => ESCAPES[character] ?? whole);
}

function refuseNul(value: string): string {
  if (value.includes("\0")) throw new ValueError("a value holds no NUL");
  return value;
}
