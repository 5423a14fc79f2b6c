/**
 * stackd.toml as `stackd proxy` reads it.
 *
 * @module
 */
import { dirname, resolve } from "@std/path";
import { StackdError } from "../../errors.ts";
import { DEFAULTS } from "../defaults.ts";
import type { RouteOptions } from "../route_options.ts";
import { closest } from "../suggest.ts";
import type { System } from "../system.ts";
import { parseCount, parseSeconds, ValueError } from "../values.ts";
import type { Context } from "./context.ts";
import { FileMistakes } from "./file_mistakes.ts";
import { readGroups } from "./groups_section.ts";
import { type FileValue, proxyKeys, readProxySection } from "./proxy_section.ts";
import { readRoutes } from "./route_sections.ts";
import { Section } from "./section.ts";
import { parseToml } from "./toml.ts";

/** What a file says, for `validateProxy()` to put together with what the command line says. */
export interface ProxyFile {
  /** The values of [proxy] by the name of their flag, not looked into yet. A flag that is given wins over them. */
  readonly values: ReadonlyMap<string, readonly FileValue[]>;
  /** In the file's order. Only whole when there are no mistakes. */
  readonly routes: readonly RouteOptions[];
  /** Whether the file has routes at all, faulty ones too. */
  readonly hasRoutes: boolean;
  /** Whether listeners that come from flags expect the PROXY protocol; those of the file say so themselves. */
  readonly proxyProtocol: boolean;
  /** What is wrong so far; whoever reads {@linkcode values} adds to them. */
  readonly mistakes: FileMistakes;
}

/** Values by flag; the command line's `RawOptions` are such. */
export type FlagValues = Readonly<Partial<Record<string, readonly string[]>>>;

/** Sections and how they are written. */
const SECTIONS: Readonly<Record<string, string>> = Object.freeze({
  proxy: "[proxy]",
  route: "[[proxy.route]]",
  upstream: "[upstream.NAME]",
  gateway: "[gateway]",
});

/**
 * Reads a file. Relative paths in it begin at its directory. [gateway] is for `stackd gateway`, and skipped.
 *
 * @param path As the user wrote it, which is what messages call it.
 * @param flags The command line's values: its timeouts win in the groups of the file, too.
 * @throws {StackdError} `STACKD_CONFIG_INVALID` when it cannot be read or is no TOML; other mistakes are noted.
 */
export async function readProxyFile(path: string, system: System, flags: FlagValues = {}): Promise<ProxyFile> {
  const file = resolve(system.cwd, path);
  const mistakes = new FileMistakes(path);
  const root = new Section(await parseToml(await readText(path, file), path), path, mistakes);
  const directory = dirname(file);

  const section = root.table("proxy", "[proxy]");
  const { values, proxyProtocol } = readProxySection(section, directory);
  const context: Context = { directory, system, ...sharedLimits(flags, values) };
  const groups = readGroups(root.table("upstream", "[upstream]"), context);
  const sections = section?.tables("route", "[[proxy.route]]") ?? [];
  const routes = readRoutes(sections, groups, context);
  noteUnknown(root);
  return { values, routes, hasRoutes: section?.has("route") ?? false, proxyProtocol, mistakes };
}

async function readText(path: string, file: string): Promise<string> {
  const refuse = (state: string, cause: unknown) =>
    new StackdError("STACKD_CONFIG_INVALID", `Cannot read "${path}": ${state}`, { cause });
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(file);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.PermissionDenied) throw refuse("permission denied", thrown);
    if (thrown instanceof Deno.errors.IsADirectory) throw refuse("it is a directory", thrown);
    throw refuse("no such file", thrown);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw refuse("it is not UTF-8", thrown);
  }
}

/** What holds for upstreams where a group says nothing. A faulty value is told by whoever reads all values. */
function sharedLimits(
  flags: FlagValues,
  values: ReadonlyMap<string, readonly FileValue[]>,
): Pick<Context, "limits" | "queue"> {
  const numberOf = (name: string, parse: (text: string) => number, fallback: number) => {
    const text = flags[name]?.at(0) ?? values.get(name)?.at(0)?.text;
    try {
      return text === undefined ? fallback : parse(text);
    } catch (thrown) {
      if (thrown instanceof ValueError) return fallback;
      throw thrown;
    }
  };
  const { upstream, group } = DEFAULTS;
  return {
    limits: {
      ...upstream,
      connectTimeout: numberOf("upstream-connect-timeout", parseSeconds, upstream.connectTimeout),
      readTimeout: numberOf("upstream-timeout", parseSeconds, upstream.readTimeout),
    },
    queue: {
      queue: numberOf("queue", (text) => parseCount(text, 0), group.queue),
      queueTimeout: numberOf("queue-timeout", parseSeconds, group.queueTimeout),
    },
  };
}

/** Notes what stands at the top, and is no section. */
function noteUnknown(root: Section): void {
  const known = Object.keys(SECTIONS);
  for (const [name, value, place] of root.free()) {
    if (name === "proxy" || name === "upstream" || name === "gateway") continue;
    const list = `there are ${Object.values(SECTIONS).join(", ")}`;
    if (value.kind !== "table" && !(value.kind === "array" && value.header)) {
      const advice = proxyKeys().includes(name) ? "write [proxy] above it" : list;
      root.mistake(place, `"${name}" stands in no section, ${advice}`);
      continue;
    }
    const meant = SECTIONS[closest(name, known) ?? ""];
    const advice = meant === undefined ? list : `did you mean ${meant}?`;
    root.mistake(place, `${value.source} is no section, ${advice}`);
  }
}
