/**
 * `deno task bench confine`: what confining a handler costs, in CPU per request, at the start, and in memory.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { printTable } from "./compare.ts";
import { assertCounted, type OnUnix, startOnUnix } from "./gateway_start.ts";
import { cpuOfTree, memoryOf, treeOf } from "./gateway_tree.ts";
import { compareOnUnix } from "./gateway_unix.ts";
import { HERE, Processes } from "./processes.ts";

const UNCONFINED = "unconfined", CONFINED = "confined";
const FLAGS: Readonly<Record<string, readonly string[]>> = { [UNCONFINED]: [], [CONFINED]: ["--allow-env=NOTHING"] };
/** The most that confinement may cost: CPU as a multiple of none, a start in milliseconds more. */
const GOALS = { cpu: 1.1, start: 60 };

/** Runs the benchmark with the arguments behind its name; prints Markdown tables. */
export async function benchConfine(args: readonly string[]): Promise<void> {
  const flags = parseArgs(args, { string: ["rounds", "seconds", "connections", "starts", "binary"] });
  const load = {
    rounds: Number(flags.rounds ?? 5),
    seconds: Number(flags.seconds ?? 2),
    connections: Number(flags.connections ?? 32),
  };
  await using processes = new Processes();
  const stackd = `${processes.directory}/stackd`;
  Deno.copyFileSync(typeof flags.binary === "string" ? flags.binary : HERE("../dist/stackd"), stackd);
  await starts(processes, stackd, Number(flags.starts ?? 9));
  await requests(processes, stackd, load);
}

function command(stackd: string, name: string, path: string): [string, ...string[]] {
  const flags = ["gateway", "--socket", path, "--access-log", "off", ...FLAGS[name] ?? []];
  return [stackd, ...flags, HERE("apps/hello.ts")];
}

/** From the start of a gateway until its socket is there, in turns. */
async function starts(processes: Processes, stackd: string, rounds: number): Promise<void> {
  const taken = new Map(Object.keys(FLAGS).map((name) => [name, { wall: [] as number[], cpu: [] as number[] }]));
  const memory = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, { wall, cpu }] of taken) {
      const path = `${processes.directory}/${name}-${round}.sock`;
      const [program, ...args] = command(stackd, name, path);
      const begun = performance.now();
      const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "inherit" }).spawn();
      while (!isThere(path)) await new Promise((resolve) => setTimeout(resolve, 1));
      wall.push(performance.now() - begun);
      cpu.push(cpuOfTree(child.pid) / 1_000);
      const [, worker] = treeOf(child.pid);
      memory.set(name, worker === undefined ? 0 : memoryOf(worker.pid).rss);
      child.kill("SIGTERM");
      await child.status;
    }
  }
  console.log("\n### Start\n\n| who | ms | CPU ms | worker's RSS, MB |\n| --- | ---: | ---: | ---: |");
  for (const [name, { wall, cpu }] of taken) {
    const rss = ((memory.get(name) ?? 0) * 1_024 / 1e6).toFixed(1);
    console.log(`| ${name} | ${middle(wall).toFixed(0)} | ${middle(cpu).toFixed(0)} | ${rss} |`);
  }
  const more = middle(taken.get(CONFINED)?.wall ?? []) - middle(taken.get(UNCONFINED)?.wall ?? []);
  console.log(
    `\nThe goal is ≤ + ${GOALS.start} ms: ${more <= GOALS.start ? "met" : "missed"}, + ${more.toFixed(0)} ms.`,
  );
}

async function requests(
  processes: Processes,
  stackd: string,
  load: Parameters<typeof compareOnUnix>[1],
): Promise<void> {
  const running: OnUnix[] = [];
  for (const name of Object.keys(FLAGS)) {
    const contestant = { name, program: null, command: (path: string) => command(stackd, name, path) };
    running.push(await startOnUnix(processes, contestant));
  }
  const medians = await compareOnUnix(running, load);
  for (const { name, pid } of running) assertCounted(name, pid);
  printTable("hello, over unix", medians, UNCONFINED);
  const ratio = (medians.get(CONFINED)?.cpu ?? NaN) / (medians.get(UNCONFINED)?.cpu ?? NaN);
  console.log(`\nThe goal is ≤ ${GOALS.cpu} ×: ${ratio <= GOALS.cpu ? "met" : "missed"}, ${ratio.toFixed(2)}.`);
}

function isThere(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSocket === true;
  } catch {
    return false;
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
