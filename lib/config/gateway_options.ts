/**
 * The options of `stackd gateway`, from its command line and the file that it names.
 *
 * @module
 */
import type { RawOptions } from "./flags.ts";
import type { GatewayOptions } from "./options.ts";
import { realSystem } from "./system.ts";
import { validateGateway } from "./validate.ts";

/** Reads the file, if one is named, and puts both together. Throws `StackdError` with every mistake in either. */
export async function readGatewayOptions(raw: RawOptions): Promise<GatewayOptions> {
  const system = realSystem();
  const [path] = raw.config ?? [];
  if (path === undefined) return validateGateway(raw, system);
  const { readGatewayFile } = await import("./file/load.ts");
  return validateGateway(raw, system, await readGatewayFile(path, system));
}
