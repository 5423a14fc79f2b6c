/**
 * stackd.toml as `stackd proxy` and `stackd gateway` read it.
 *
 * @module
 */
import { DEFAULTS } from "../defaults.ts";
import type { RouteOptions } from "../route_options.ts";
import type { System } from "../system.ts";
import { parseCount, parseSeconds, ValueError } from "../values.ts";
import type { Context } from "./context.ts";
import type { FileMistakes } from "./file_mistakes.ts";
import { gatewayKeys, readGatewaySection } from "./gateway_section.ts";
import { readGroups } from "./groups_section.ts";
import { noteUnknown, openConfiguration } from "./open.ts";
import { type FileValue, proxyKeys, readProxySection } from "./proxy_section.ts";
import { readRoutes } from "./route_sections.ts";

/** What a file says of flags, for validation to put together with what the command line says. */
export interface OptionFile {
  /** The values of the role's section by the name of their flag, not looked into yet. A flag that is given wins over them. */
  readonly values: ReadonlyMap<string, readonly FileValue[]>;
  /** What is wrong so far; whoever reads {@linkcode values} adds to them. */
  readonly mistakes: FileMistakes;
}

/** What a file says for `stackd proxy`. */
export interface ProxyFile extends OptionFile {
  /** In the file's order. Only whole when there are no mistakes. */
  readonly routes: readonly RouteOptions[];
  /** Whether the file has routes at all, faulty ones too. */
  readonly hasRoutes: boolean;
  /** Whether listeners that come from flags expect the PROXY protocol; those of the file say so themselves. */
  readonly proxyProtocol: boolean;
}

/** Values by flag; the command line's `RawOptions` are such. */
export type FlagValues = Readonly<Partial<Record<string, readonly string[]>>>;

/**
 * Reads a file. Relative paths in it begin at its directory. [gateway] is for `stackd gateway`, and skipped.
 *
 * @param path As the user wrote it, which is what messages call it.
 * @param flags The command line's values: its timeouts win in the groups of the file, too.
 * @throws {StackdError} `STACKD_CONFIG_INVALID` when it cannot be read or is no TOML; other mistakes are noted.
 */
export async function readProxyFile(path: string, system: System, flags: FlagValues = {}): Promise<ProxyFile> {
  const { root, mistakes, directory } = await openConfiguration(path, system);
  const section = root.table("proxy", "[proxy]");
  const { values, proxyProtocol } = readProxySection(section, directory);
  const context: Context = { directory, system, ...sharedLimits(flags, values) };
  const groups = readGroups(root.table("upstream", "[upstream]"), context);
  const sections = section?.tables("route", "[[proxy.route]]") ?? [];
  const routes = readRoutes(sections, groups, context);
  noteUnknown(root, "proxy", proxyKeys());
  return { values, routes, hasRoutes: section?.has("route") ?? false, proxyProtocol, mistakes };
}

/**
 * Reads what is for `stackd gateway`; [proxy] and its upstreams are for `stackd proxy`, and skipped.
 *
 * @param path As the user wrote it, which is what messages call it.
 * @throws {StackdError} `STACKD_CONFIG_INVALID` when it cannot be read or is no TOML; other mistakes are noted.
 */
export async function readGatewayFile(path: string, system: System): Promise<OptionFile> {
  const { root, mistakes, directory } = await openConfiguration(path, system);
  const values = readGatewaySection(root.table("gateway", "[gateway]"), directory);
  noteUnknown(root, "gateway", gatewayKeys());
  return { values, mistakes };
}

/** Which of the two roles a file is for. */
export async function rolesOf(
  path: string,
  system: System,
): Promise<{ readonly proxy: boolean; readonly gateway: boolean }> {
  const { root } = await openConfiguration(path, system);
  return { proxy: root.has("proxy"), gateway: root.has("gateway") };
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
