/**
 * The keys of [gateway]: the flags of `stackd gateway`, kept as the texts that a command line would have, so that validation
 * treats both alike.
 *
 * @module
 */
import { resolve } from "@std/path";
import type { OptionSpec } from "../option_spec.ts";
import { optionsOf } from "../table.ts";
import { ValueError } from "../values.ts";
import { yes } from "./parsers.ts";
import { absolute, type FileValue, scalar } from "./proxy_section.ts";
import { type Section, shown } from "./section.ts";
import type { TomlValue } from "./toml_tree.ts";

/** Options without a meaning in a file. */
const ELSEWHERE: ReadonlySet<string> = new Set(["help", "config", "app"]);

type Relocate = (text: string, directory: string) => string;

const module: Relocate = (text, directory) => text === "-" ? text : resolve(directory, text);
const socketOrPort: Relocate = (text, directory) =>
  text.includes("/") ? absolute(text.replace(/^unix:/, ""), directory) : text;
const behindPrefix: Relocate = (text, directory) => {
  const at = text.indexOf("=");
  return at === -1 ? text : `${text.slice(0, at + 1)}${resolve(directory, text.slice(at + 1))}`;
};
/** A list with commas; of its members those that have a path, by `isPath`. */
const listed = (isPath: (member: string) => boolean): Relocate => (text, directory) =>
  text.split(",").map((member) => {
    const [, scheme = "", rest = ""] = /^(unix:)?(.*)$/s.exec(member) ?? [];
    return isPath(member) ? `${scheme}${absolute(rest, directory)}` : member;
  }).join(",");
const everyPath = listed((member) => member !== "");

/** Options whose value is, or may be, a path: it begins at the file's directory, a flag's at the working directory. */
const WITH_PATH: Readonly<Record<string, Relocate>> = Object.freeze({
  socket: absolute,
  "uwsgi-socket": socketOrPort,
  module,
  mount: behindPrefix,
  "static-map": behindPrefix,
  "touch-reload": absolute,
  "env-file": absolute,
  chdir: (text, directory) => resolve(directory, text),
  "access-log": (text, directory) => text === "-" || text === "off" ? text : absolute(text, directory),
  pidfile: absolute,
  control: absolute,
  status: socketOrPort,
  "allow-read": everyPath,
  "allow-write": everyPath,
  "allow-ffi": everyPath,
  "allow-run": listed((member) => member.includes("/")),
  "allow-net": listed((member) => member.startsWith("unix:")),
});

/** The names of the flags that [gateway] takes. */
export function gatewayKeys(): string[] {
  return optionsOf("gateway").map(({ name }) => name).filter((name) => !ELSEWHERE.has(name));
}

/**
 * Reads [gateway]; mistakes are noted.
 *
 * @param section null when there is none.
 * @param directory Where relative paths begin.
 */
export function readGatewaySection(section: Section | null, directory: string): Map<string, FileValue[]> {
  const values = new Map<string, FileValue[]>();
  if (section === null) return values;
  for (const option of optionsOf("gateway")) {
    const { name } = option;
    if (ELSEWHERE.has(name)) continue;
    const value = section.value(name);
    if (value === undefined) continue;
    const make = (from: TomlValue, text: string): FileValue => ({
      text: text === "" ? text : WITH_PATH[name]?.(text, directory) ?? text,
      line: from.line,
      column: from.column,
      subject: `${name} = ${shown(from)}`,
      proxyProtocol: false,
    });
    const made = readOption(option, section, value, make);
    if (made !== null) values.set(name, made);
  }
  section.end();
  return values;
}

/** The values of one option; null when it is as if it were not given. */
function readOption(
  { name, kind, repeatable, optionalValue }: OptionSpec,
  section: Section,
  value: TomlValue,
  make: (from: TomlValue, text: string) => FileValue,
): FileValue[] | null {
  if (kind === "boolean" || (optionalValue === true && value.kind === "boolean")) {
    // A switch that is off is one that is not given.
    return section.one(name, yes, false) ? [make(value, kind === "boolean" ? "true" : "")] : null;
  }
  if (name === "env" && value.kind === "table") {
    const inner = section.inner(value, "env");
    return inner.free().flatMap(([key, item]) => {
      const text = inner.one(key, scalar, null);
      return text === null ? [] : [make(item, `${key}=${text}`)];
    });
  }
  if (name === "trusted-proxies" && value.kind === "array") {
    // One flag with commas in it. None trusted is what holds without the key.
    const joined = section.one(name, () => value.items.map(scalar).join(","), "");
    return joined === "" ? null : [make(value, joined)];
  }
  if (repeatable === true) return section.all(name, (item) => make(item, nonEmpty(scalar(item))));
  return [section.one(name, (only) => make(only, nonEmpty(scalar(only))), null)].filter((found) => found !== null);
}

/** What a command line could not have. */
function nonEmpty(text: string): string {
  if (text === "") throw new ValueError("it is empty");
  return text;
}
