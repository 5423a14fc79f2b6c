/** Handlers with packages of npm, installed as their users do. @module */
import { join } from "@std/path";
import { installed } from "./stackd.ts";

/** Whether packages can be installed here; tests that need some are skipped where not. */
export const NPM = installed("npm");

/** Installs packages into `directory`. Throws what npm says. */
export async function npmInstall(directory: string, packages: readonly string[]): Promise<void> {
  Deno.writeTextFileSync(join(directory, "package.json"), '{ "private": true }\n');
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", ...packages],
    cwd: directory,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`npm install failed: ${new TextDecoder().decode(stderr)}`);
}
