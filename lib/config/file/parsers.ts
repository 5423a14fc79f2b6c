/**
 * What single TOML values mean, by the parsers that the flags use too.
 *
 * @module
 */
import { parseTemplate, type Template } from "../template.ts";
import { parseCount, parseSeconds, parseSize, ValueError } from "../values.ts";
import type { KeySource } from "../route_options.ts";
import { closest } from "../suggest.ts";
import type { Parse } from "./section.ts";
import type { TomlValue } from "./toml_tree.ts";

/** A text. */
export function text(value: TomlValue): string {
  if (value.kind === "array") throw new ValueError("one text in quotes is needed, not an array");
  if (value.kind !== "string") throw new ValueError("a text in quotes is needed");
  return value.value;
}

/** A text that means something. */
export function textAs<T>(parse: (text: string) => T): Parse<T> {
  return (value) => parse(text(value));
}

/** A text as it is, unless it is empty: a command line has no empty values. */
export function nonEmpty(text: string): string {
  if (text === "") throw new ValueError("it is empty");
  return text;
}

/** True or false. */
export function yes(value: TomlValue): boolean {
  if (value.kind !== "boolean") throw new ValueError("true or false is needed");
  return value.value;
}

/** A number, or a text with one: what the flags write. Anything else stays as written, which no parser takes. */
function digits(value: TomlValue): string {
  return value.kind === "string" ? value.value : value.kind === "number" ? value.text : value.source;
}

/** A whole number from `least` on. */
export function count(least: number): Parse<number> {
  return (value) => parseCount(digits(value), least);
}

/** Seconds, as milliseconds. */
export const seconds: Parse<number> = (value) => parseSeconds(digits(value));

/** Seconds as milliseconds, where 0 means something of its own. */
export const secondsOrNone: Parse<number> = (value) =>
  /^0(\.0+)?$/.test(digits(value)) ? 0 : parseSeconds(digits(value));

/** A size in bytes. */
export const size: Parse<number> = (value) => parseSize(digits(value));

/** A size in bytes; `true` for `whole` bytes, `false` for none. */
export function sizeOrYes(whole: number): Parse<number> {
  return (value) => {
    if (value.kind === "boolean") return value.value ? whole : 0;
    try {
      return size(value);
    } catch (thrown) {
      throw thrown instanceof ValueError ? new ValueError('true, false or a size, as "100m", is needed') : thrown;
    }
  };
}

/** One of a few words. */
export function oneOf<Word extends string>(words: readonly Word[]): Parse<Word> {
  return textAs((written) => {
    const word = words.find((known) => known === written);
    if (word !== undefined) return word;
    const meant = closest(written, words);
    throw new ValueError(meant === undefined ? `${list(words)} is needed` : `did you mean "${meant}"?`);
  });
}

/** An HTTP status within bounds. */
export function status(least: number, most: number): Parse<number> {
  return (value) => {
    const number = /^\d{3}$/.test(digits(value)) ? Number(digits(value)) : NaN;
    if (!(number >= least && number <= most)) throw new ValueError(`a status from ${least} to ${most} is needed`);
    return number;
  };
}

/** Statuses as `404`, `"404"` or `"200-399"`, inclusive. */
export function statusRange(value: TomlValue): readonly [from: number, to: number] {
  const [, from, to = from] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(digits(value)) ?? [];
  if (from === undefined || to === undefined) throw new ValueError("a status is needed, as 200, or two, as 200-399");
  if (Number(from) > Number(to)) throw new ValueError(`the lower status comes first, as ${to}-${from}`);
  return [Number(from), Number(to)];
}

/** A token (RFC 9110 §5.6.2): the name of a field or a cookie. */
export function token(name: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) {
    throw new ValueError(`"${name}" is no name of letters, digits and "-"`);
  }
  return name;
}

/** `client`, `uri`, `host`, `cookie:NAME` or `field:NAME`. */
export const keySource: Parse<KeySource> = textAs((written) => {
  const [, kind, name = ""] = /^(cookie|field):(.*)$/s.exec(written) ?? [];
  if (kind === "cookie" || kind === "field") {
    return { kind, name: kind === "field" ? token(name).toLowerCase() : token(name) };
  }
  if (written === "client" || written === "uri" || written === "host") return { kind: written };
  throw new ValueError(`${list(["client", "uri", "host", "cookie:NAME", "field:NAME"])} is needed`);
});

/** A field's value, with variables in it. */
export const fieldValue: Parse<Template> = textAs((written) => {
  if (/\p{Cc}/u.test(written)) throw new ValueError("a field's value holds no control characters");
  return parseTemplate(written);
});

/** A media type. Only its form: anything may be registered tomorrow. */
export const mediaType: Parse<string> = textAs((written) => {
  if (/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( *;[ -~]*)?$/.test(written)) return written;
  throw new ValueError('a media type is needed, as "text/html; charset=utf-8"');
});

function list(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
