/**
 * `deno task bench SUBJECT`: runs a benchmark; bench/README.md says how each measures.
 *
 * @module
 */
import { benchChain } from "./chain.ts";
import { benchConfine } from "./confine.ts";
import { benchGateway } from "./gateway.ts";
import { benchLoad } from "./load.ts";
import { benchProxy } from "./proxy.ts";
import { benchRoutes } from "./routes.ts";
import { benchStatic } from "./static.ts";

const SUBJECTS: Record<string, (args: readonly string[]) => Promise<void>> = {
  chain: benchChain,
  confine: benchConfine,
  gateway: benchGateway,
  load: benchLoad,
  proxy: benchProxy,
  routes: benchRoutes,
  static: benchStatic,
};

const [subject, ...args] = Deno.args;
const bench = SUBJECTS[subject ?? ""];
if (bench === undefined) {
  console.error(`usage: deno task bench SUBJECT; the subjects are: ${Object.keys(SUBJECTS).join(", ")}`);
  Deno.exit(2);
}
await bench(args);
