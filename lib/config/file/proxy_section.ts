/**
 * The keys of [proxy]: the flags of `stackd proxy`, kept as the texts that a command line would have, so that validation
 * treats both alike, and a few that only a file has.
 *
 * @module
 */
import { resolve } from "@std/path";
import { optionsOf } from "../table.ts";
import { ValueError } from "../values.ts";
import { nonEmpty, text, yes } from "./parsers.ts";
import { type Section, shown } from "./section.ts";
import type { Place, TomlValue } from "./toml_tree.ts";

/** A flag's value that stands in the file. */
export interface FileValue extends Place {
  /** What the flag would be given, with paths made absolute. */
  readonly text: string;
  /** What messages call it: `max-body = "20m"`. */
  readonly subject: string;
  /** Of a listener: whether it expects the PROXY protocol. */
  readonly proxyProtocol: boolean;
  /** Of a mount: what its app may touch, by the names of the flags. @default it does not say */
  readonly allow?: ReadonlyMap<string, readonly FileValue[]>;
}

/** What [proxy] says. */
export interface ProxySection {
  /** By option name. An option whose values were all faulty has an empty array. */
  readonly values: ReadonlyMap<string, readonly FileValue[]>;
  /** For listeners that say nothing themselves. */
  readonly proxyProtocol: boolean;
}

/** Options with sections of their own, or without a meaning in a file. */
const ELSEWHERE: ReadonlySet<string> = new Set(["upstream", "static", "help", "config"]);

/** Options whose value is, or may be, a path: it begins at the file's directory, a flag's at the working directory. */
const WITH_PATH: Readonly<Record<string, (text: string, directory: string) => string>> = Object.freeze({
  listen: (text, directory) => text.startsWith("unix:") ? `unix:${absolute(text.slice(5), directory)}` : text,
  "access-log": (text, directory) => text === "-" || text === "off" ? text : absolute(text, directory),
  pidfile: absolute,
});

/** The names of the flags that [proxy] takes. */
export function proxyKeys(): string[] {
  return optionsOf("proxy").map(({ name }) => name).filter((name) => !ELSEWHERE.has(name));
}

/**
 * Reads [proxy]; mistakes are noted.
 *
 * @param section null when there is none.
 * @param directory Where relative paths begin.
 */
export function readProxySection(section: Section | null, directory: string): ProxySection {
  const values = new Map<string, FileValue[]>();
  if (section === null) return { values, proxyProtocol: false };
  const proxyProtocol = section.one("proxy-protocol", yes, false);
  for (const { name, repeatable, kind } of optionsOf("proxy")) {
    if (ELSEWHERE.has(name)) continue;
    const value = section.value(name);
    if (value === undefined) continue;
    const make = (from: TomlValue, what = scalar(from), expects = proxyProtocol): FileValue => ({
      text: WITH_PATH[name]?.(what, directory) ?? what,
      line: from.line,
      column: from.column,
      subject: `${name} = ${shown(from)}`,
      proxyProtocol: expects,
    });
    if (kind === "boolean") {
      // A switch that is off is one that is not given.
      if (section.one(name, yes, false)) values.set(name, [make(value, "true")]);
    } else if (name === "listen") {
      values.set(name, section.all(name, (item) => readListener(item, section, make)));
    } else if (name === "trusted-proxies" && value.kind === "array") {
      // One flag with commas in it. None trusted is what holds without the key.
      const joined = section.one(name, () => value.items.map(text).join(","), "");
      values.set(name, joined === "" ? [] : [make(value, joined)]);
    } else {
      values.set(name, textsOf(section, name, repeatable, make));
    }
  }
  section.value("route"); // read apart
  section.end();
  return { values, proxyProtocol };
}

/** An address, or a table with one. */
function readListener(
  item: TomlValue,
  section: Section,
  make: (from: TomlValue, what?: string, expects?: boolean) => FileValue,
): FileValue {
  if (item.kind !== "table") return make(item);
  const listener = section.inner(item, "a listener");
  const address = listener.value("address");
  const expects = listener.one("proxy-protocol", yes, undefined);
  listener.end();
  if (address === undefined) throw new ValueError("it has no address, and one is needed");
  return { ...make(address, scalar(address), expects), subject: `address = ${shown(address)}` };
}

/** The text that a command line would have. */
export function scalar(value: TomlValue): string {
  if (value.kind === "string") return value.value;
  if (value.kind === "number") return value.text;
  if (value.kind === "array") throw new ValueError("one value is needed, not an array");
  throw new ValueError("a text in quotes or a number is needed");
}

/** The values of an option that a command line gives as texts, once or several times. */
export function textsOf(
  section: Section,
  name: string,
  repeatable: boolean | undefined,
  make: (from: TomlValue, text: string) => FileValue,
): FileValue[] {
  const read = (item: TomlValue) => make(item, nonEmpty(scalar(item)));
  return repeatable ? section.all(name, read) : [section.one(name, read, null)].filter((made) => made !== null);
}

/** An absolute path; what is no path stays as it is, and is refused where it is read. */
export function absolute(path: string, directory: string): string {
  return path === "" || path.endsWith("/") ? path : resolve(directory, path);
}
