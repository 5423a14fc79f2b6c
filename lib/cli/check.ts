/**
 * `stackd check`: the configuration as a start would read it.
 *
 * @module
 */
import type { RawOptions } from "../config/flags.ts";
import { StackdError } from "../errors.ts";
import { readProxyOptions } from "../config/proxy_options.ts";

/** One line that says what is there. Throws `StackdError` with every mistake. */
export async function checkConfiguration(raw: RawOptions): Promise<string> {
  const [path] = raw.config ?? [];
  if (path === undefined) {
    throw new StackdError("STACKD_USAGE", "Cannot check anything: name a configuration file, -c stackd.toml");
  }
  const { listen, routes } = await readProxyOptions(raw);
  const groups = new Set(routes.flatMap(({ action }) => action.kind === "upstream" ? [action.group.name] : []));
  const counts = [
    counted(listen.length, "listener"),
    counted(routes.length, "route"),
    counted(groups.size, "upstream"),
  ];
  return `${path} is fine: ${counts.join(", ")}`;
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
