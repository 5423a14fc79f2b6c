/**
 * Measuring servers on unix sockets: as compare.ts does, with gateway_load.ts in wrk's place.
 *
 * @module
 */
import type { Load } from "./compare.ts";
import type { Outcome } from "./gateway_load.ts";
import type { OnUnix } from "./gateway_start.ts";
import { cpuOfTree } from "./gateway_tree.ts";
import { median, type Sample } from "./measure.ts";
import { CPU, HERE } from "./processes.ts";

/** The median run of each contestant, by name. */
export async function compareOnUnix(running: readonly OnUnix[], load: Load): Promise<Map<string, Sample>> {
  const samples = new Map<string, Sample[]>(running.map(({ name }) => [name, []]));
  for (const one of running) await measureOnUnix(one, { ...load, seconds: 1 }); // warm
  for (let round = 0; round < load.rounds; round++) {
    for (const one of running) samples.get(one.name)?.push(await measureOnUnix(one, load));
  }
  return new Map([...samples].map(([name, of]) => [name, median(of)]));
}

async function measureOnUnix({ pid, path }: OnUnix, { connections, seconds }: Load): Promise<Sample> {
  const deno = [Deno.execPath(), "run", "-A", "--no-check", HERE("gateway_load.ts")];
  const args = ["-c", CPU.rest, ...deno, path, String(connections), String(seconds)];
  const before = cpuOfTree(pid);
  const { stdout, success } = await new Deno.Command("taskset", { args, stderr: "inherit" }).output();
  const spent = cpuOfTree(pid) - before;
  if (!success) throw new Error(`the load on ${path} failed`);
  const { requests, rate, p50, p99, errors }: Outcome = JSON.parse(new TextDecoder().decode(stdout));
  return { cpu: spent / requests, rate, p50, p99, errors };
}
