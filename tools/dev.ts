/**
 * `deno task dev [--port N]`: runs the whole chain from source, anew after every change of stackd or the example, until
 * Ctrl-C.
 *
 * @module
 */
import { join } from "@std/path";
import { runChain } from "./chain.ts";
import { parsePort, toldToEnd } from "./start.ts";
import { pause, ROOT, runTool } from "./tool.ts";

const SOURCES = ["cli.ts", "lib", "examples"];
/** How long after a change its neighbours may still be written, in milliseconds. */
const SETTLE_TIME = 150;

/** Settles once a source file has changed, or `stop` aborts. */
async function sourceChange(stop: AbortSignal): Promise<void> {
  using watcher = Deno.watchFs(SOURCES.map((path) => join(ROOT, path)));
  stop.addEventListener("abort", () => watcher[Symbol.dispose]());
  for await (const { kind } of watcher) {
    if (kind !== "access") return await pause(SETTLE_TIME);
  }
}

/** Runs the chain anew after every change, until `stop` aborts. A chain that ended by itself waits for the next change. */
async function runOnChanges(port: number, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const replaced = new AbortController();
    const change = sourceChange(stop).then(() => replaced.abort());
    const failure = await runChain(port, AbortSignal.any([stop, replaced.signal]));
    if (failure !== undefined) console.error(`${failure}; waiting for a change`);
    await change;
  }
}

if (import.meta.main) {
  await runTool(async (args) => {
    await runOnChanges(parsePort(args), toldToEnd());
    return 0;
  });
}
