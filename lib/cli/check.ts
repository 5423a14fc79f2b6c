/**
 * `stackd check`: a handler module as a worker would load it, and the configuration as a start would read it.
 *
 * @module
 */
import { validateCheck } from "../config/fetch.ts";
import type { RawOptions } from "../config/flags.ts";
import { readProxyOptions } from "../config/proxy_options.ts";
import { realSystem } from "../config/system.ts";
import { validateGateway } from "../config/validate.ts";
import { StackdError } from "../errors.ts";
import { checkModule, counted } from "./check_module.ts";
import type { Output } from "./output.ts";

/**
 * Prints what is there.
 *
 * @returns The exit code 0.
 * @throws {StackdError} Exit 2, with all that is wrong.
 */
export async function check(raw: RawOptions, output: Output): Promise<number> {
  const handler = validateCheck(raw, realSystem());
  if (handler === null && raw.config === undefined) {
    const cure = "name a handler module, or a configuration file with -c stackd.toml";
    throw new StackdError("STACKD_USAGE", `Cannot check anything: ${cure}`);
  }
  const reports = [
    ...handler === null ? [] : [() => checkModule(handler)],
    ...raw.config === undefined ? [] : [() => checkConfiguration(raw)],
  ];
  const wrong: StackdError[] = [];
  for (const report of reports) {
    try {
      output.out(await report());
    } catch (thrown) {
      if (!(thrown instanceof StackdError)) throw thrown;
      wrong.push(thrown);
    }
  }
  const [first, ...others] = wrong;
  if (first === undefined) return 0;
  const rest = others.flatMap(({ message, detail }) => [message, ...detail === undefined ? [] : [detail]]);
  const detail = [...first.detail === undefined ? [] : [first.detail], ...rest].join("\n");
  throw new StackdError(first.code, first.message, detail === "" ? { cause: first } : { detail, cause: first });
}

/** One line that says what is there. Throws `StackdError` with every mistake. */
async function checkConfiguration(raw: RawOptions): Promise<string> {
  const [path = ""] = raw.config ?? [], system = realSystem();
  const { readGatewayFile, rolesOf } = await import("../config/file/load.ts");
  const roles = await rolesOf(path, system);
  const found: string[] = [];
  if (roles.gateway) {
    const { apps, workers } = validateGateway({}, system, await readGatewayFile(path, system));
    found.push(`${counted(apps.length, "app")} with ${counted(workers, "worker")}${apps.length > 1 ? " each" : ""}`);
  }
  if (roles.proxy || !roles.gateway) found.push(await checkProxy(raw));
  return `${path} is fine: ${found.join("; ")}`;
}

async function checkProxy(raw: RawOptions): Promise<string> {
  const { listen, routes } = await readProxyOptions(raw);
  const groups = new Set(routes.flatMap(({ action }) => action.kind === "upstream" ? [action.group.name] : []));
  const counts = [
    counted(listen.length, "listener"),
    counted(routes.length, "route"),
    counted(groups.size, "upstream"),
  ];
  return counts.join(", ");
}
