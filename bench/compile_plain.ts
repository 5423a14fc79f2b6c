/**
 * Compiles what stackd is measured against.
 *
 * @module
 */
import { baseEnvironment } from "../tools/compile.ts";
import { ROOT } from "../tools/tool.ts";

/** Compiles the module `source` upon the base binary that stackd has. Throws when that fails. */
export async function compilePlain(source: string, output: string): Promise<void> {
  const args = [
    "compile",
    "--quiet",
    "--allow-all",
    "--no-check",
    "--no-config",
    "--no-code-cache",
    "--output",
    output,
    source,
  ];
  const env = await baseEnvironment({ target: Deno.build.target, release: false });
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env, stdin: "null" }).spawn().status;
  if (!success) throw new Error(`Cannot compile "${source}"`);
}
