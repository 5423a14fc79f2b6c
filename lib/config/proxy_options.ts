/**
 * The options of `stackd proxy`, from its command line and the file that it names.
 *
 * @module
 */
import type { RawOptions } from "./flags.ts";
import type { ProxyOptions } from "./options.ts";
import { realSystem } from "./system.ts";
import { validateProxy } from "./validate.ts";

/** Reads the file, if one is named, and puts both together. Throws `StackdError` with every mistake in either. */
export async function readProxyOptions(raw: RawOptions): Promise<ProxyOptions> {
  const system = realSystem();
  const [path] = raw.config ?? [];
  if (path === undefined) return validateProxy(raw, system);
  const { readProxyFile } = await import("./file/load.ts");
  return validateProxy(raw, system, await readProxyFile(path, system, raw));
}
