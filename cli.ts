/**
 * The executable: `deno compile` makes `stackd` of this file, and `deno run -A cli.ts` is the same from source.
 *
 * @module
 */
import { main } from "./lib/cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
