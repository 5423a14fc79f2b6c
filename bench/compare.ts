/**
 * Contestants against each other: they take turns, round after round, and each is represented by its median.
 *
 * @module
 */
import { measure, median, type Sample, type Workload } from "./measure.ts";
import { CPU } from "./processes.ts";

/** A contestant that runs. */
export interface Running {
  readonly name: string;
  /** Several are measured together. */
  readonly pid: number | readonly number[];
  readonly url: string;
}

/** How long, how often, with how many connections. */
export interface Load {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

/** The median run of each contestant, by name. */
export async function compare(
  workload: Workload,
  running: readonly Running[],
  { rounds, seconds, connections }: Load,
): Promise<Map<string, Sample>> {
  const samples = new Map<string, Sample[]>(running.map(({ name }) => [name, []]));
  const load = { connections, cpu: CPU.rest };
  for (const { pid, url } of running) await measure(pid, url, workload, { ...load, seconds: 1 }); // warm
  for (let round = 0; round < rounds; round++) {
    for (const { name, pid, url } of running) {
      samples.get(name)?.push(await measure(pid, url, workload, { ...load, seconds }));
    }
  }
  return new Map([...samples].map(([name, of]) => [name, median(of)]));
}

/** Prints a Markdown table; ratios are to the contestant called `base`, where it took part. */
export function printTable(title: string, medians: ReadonlyMap<string, Sample>, base: string): void {
  const reference = medians.get(base)?.cpu;
  console.log(`\n### ${title}\n`);
  console.log(`| who | CPU µs/request | × ${base} | requests/s | p50 ms | p99 ms | errors |`);
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const [name, { cpu, rate, p50, p99, errors }] of medians) {
    const ratio = reference === undefined ? "" : (cpu / reference).toFixed(2);
    const cells = [cpu.toFixed(1), ratio, rate.toFixed(0), p50.toFixed(2), p99.toFixed(2), errors];
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
}
