/**
 * The keys of [gateway]: the flags of `stackd gateway`, kept as the texts that a command line would have, so that validation
 * treats both alike.
 *
 * @module
 */
import { resolve } from "@std/path";
import type { OptionSpec } from "../option_spec.ts";
import { listedName, splitList } from "../permission_list.ts";
import { PERMISSION_KINDS } from "../permissions.ts";
import { optionsOf } from "../table.ts";
import { readMount } from "./mount.ts";
import { nonEmpty, yes } from "./parsers.ts";
import { absolute, type FileValue, scalar, textsOf } from "./proxy_section.ts";
import { type Section, shown } from "./section.ts";
import type { TomlValue } from "./toml_tree.ts";

/** Options without a meaning in a file. */
const ELSEWHERE: ReadonlySet<string> = new Set(["help", "config", "app"]);

/** What an app may be given where it is mounted. */
const PERMISSIONS: ReadonlySet<string> = new Set(PERMISSION_KINDS.map((kind) => `allow-${kind}`));

type Relocate = (text: string, directory: string) => string;

const module: Relocate = (text, directory) => text === "-" ? text : resolve(directory, text);
const socketOrPort: Relocate = (text, directory) =>
  text.includes("/") ? absolute(text.replace(/^unix:/, ""), directory) : text;
const behindPrefix = (relocate: Relocate): Relocate => (text, directory) => {
  const at = text.indexOf("=");
  return at === -1 ? text : `${text.slice(0, at + 1)}${relocate(text.slice(at + 1), directory)}`;
};
/** A list with commas; of its members those that have a path, by `isPath`. */
const listed = (isPath: (member: string) => boolean): Relocate => (text, directory) =>
  splitList(text).map((member) => {
    const [, scheme = "", rest = ""] = /^(unix:)?(.*)$/s.exec(member) ?? [];
    return listedName(isPath(member) ? `${scheme}${absolute(rest, directory)}` : member);
  }).join(",");
const everyPath = listed((member) => member !== "");

/** Options whose value is, or may be, a path: it begins at the file's directory, a flag's at the working directory. */
const WITH_PATH: Readonly<Record<string, Relocate>> = Object.freeze({
  socket: absolute,
  "uwsgi-socket": socketOrPort,
  module,
  mount: behindPrefix(module),
  "static-map": behindPrefix((text, directory) => resolve(directory, text)),
  "touch-reload": absolute,
  "env-file": absolute,
  chdir: (text, directory) => resolve(directory, text),
  "code-cache": (text, directory) => text === "off" ? text : absolute(text, directory),
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
  if (section === null) return new Map();
  const values = readOptions(section, directory, (name) => !ELSEWHERE.has(name));
  section.end();
  return values;
}

/** The values of those options that are `wanted`, as far as they are given. */
function readOptions(
  section: Section,
  directory: string,
  wanted: (name: string) => boolean,
): Map<string, FileValue[]> {
  const values = new Map<string, FileValue[]>();
  for (const option of optionsOf("gateway")) {
    const { name } = option;
    if (!wanted(name)) continue;
    const value = section.value(name);
    if (value === undefined) continue;
    const locate = (text: string) => WITH_PATH[name]?.(text, directory) ?? text;
    const make: Make = (from, text) => ({
      text: text === "" ? text : locate(text),
      line: from.line,
      column: from.column,
      subject: from.kind === "table" && from.header ? from.source : `${name} = ${shown(from)}`,
      proxyProtocol: false,
    });
    const made = name === "mount"
      ? section.all(name, (item) => mountOf(item, section, directory, make)).filter((mount) => mount !== null)
      : readOption(option, section, value, make);
    if (made !== null) values.set(name, made);
  }
  return values;
}

/** A value of an option from the text that a command line would have, whose path is not absolute yet. */
type Make = (from: TomlValue, text: string) => FileValue;

/** A mount, `"/prefix=module"` or a table; null, and a note, when the table lacks what it needs. */
function mountOf(item: TomlValue, section: Section, directory: string, make: Make): FileValue | null {
  if (item.kind !== "table") return make(item, nonEmpty(scalar(item)));
  const mount = readMount(
    section.inner(item, item.header ? item.source : "a mount"),
    (table) => readOptions(table, directory, (name) => PERMISSIONS.has(name)),
  );
  if (mount === null) return null;
  return { ...make(item, mount.text), ...mount.allow === null ? {} : { allow: mount.allow } };
}

/** The values of one option; null when it is as if it were not given. */
function readOption(
  { name, kind, repeatable, optionalValue }: OptionSpec,
  section: Section,
  value: TomlValue,
  make: Make,
): FileValue[] | null {
  // A switch that is off is one that is not given.
  if (kind === "boolean") return section.one(name, yes, false) ? [make(value, "true")] : null;
  // What may be allowed and is not confines as well: nothing of its kind is.
  if (optionalValue === true && value.kind === "boolean") return value.value ? [make(value, "")] : [];
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
  return textsOf(section, name, repeatable, make);
}
