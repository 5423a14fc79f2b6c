/**
 * `deno task bench gateway`: what serving a handler costs, stackd beside a bare `Deno.serve`, `deno serve`, uWSGI and gunicorn.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { compilePlain } from "./compile_plain.ts";
import { compare, type Load, printTable } from "./compare.ts";
import { type Command, type Contestant, onTcp, onUnix, type Programs } from "./gateway_contestants.ts";
import { printMemory } from "./gateway_memory.ts";
import { assertCounted, type OnTcp, type OnUnix, startOnTcp, startOnUnix } from "./gateway_start.ts";
import { compareOnUnix } from "./gateway_unix.ts";
import type { Sample, Workload } from "./measure.ts";
import { HERE, Processes } from "./processes.ts";

const WORKLOAD: Workload = { name: "hello", path: "/", script: "" };
const BASE = "bare";
/** The most that a contestant may cost, as a multiple of the base. */
const GOALS = { unix: { "stackd-worker": 1.15 }, tcp: { "stackd-front": 3.2 } };

/** Runs the benchmark with the arguments behind its name; prints Markdown tables. */
export async function benchGateway(args: readonly string[]): Promise<void> {
  const flags = parseArgs(args, { string: ["rounds", "seconds", "connections", "only"] });
  const load = {
    rounds: Number(flags.rounds ?? 5),
    seconds: Number(flags.seconds ?? 2),
    connections: Number(flags.connections ?? 32),
  };
  const only = typeof flags.only === "string" && flags.only !== "" ? flags.only.split(",") : [];
  const taking = ({ name, program }: Contestant) =>
    (only.length === 0 || only.includes(name)) && isInstalled(name, program);
  await using processes = new Processes();
  const programs = await prepare(processes.directory);
  const tcpContestants = onTcp(programs).filter(taking);
  await printMemory(tcpContestants);
  await unix(onUnix(programs).filter(taking), processes, load);
  await tcp(tcpContestants, processes, load);
}

/** A copy of the binary, so that nobody else shares its pages or replaces it meanwhile, and the bare server, compiled. */
async function prepare(directory: string): Promise<Programs> {
  const stackd = `${directory}/stackd`;
  Deno.copyFileSync(HERE("../dist/stackd"), stackd);
  return { stackd, bare: await compiledBare(`${directory}/bare`) };
}

async function compiledBare(output: string): Promise<Command> {
  const entry = HERE("apps/bare.ts");
  try {
    await compilePlain(entry, output);
    return [output];
  } catch (error) {
    console.error(`bare is not compiled but run by deno: ${error instanceof Error ? error.message : error}`);
    return [Deno.execPath(), "run", "-A", "--no-check", entry];
  }
}

async function unix(contestants: readonly Contestant[], processes: Processes, load: Load): Promise<void> {
  if (contestants.length === 0) return;
  const running: OnUnix[] = [];
  for (const contestant of contestants) running.push(await startOnUnix(processes, contestant));
  const medians = await compareOnUnix(running, load);
  for (const { name, pid } of running) assertCounted(name, pid);
  printTable("hello, over unix", medians, BASE);
  printGoals(medians, GOALS.unix);
}

async function tcp(contestants: readonly Contestant[], processes: Processes, load: Load): Promise<void> {
  if (contestants.length === 0) return;
  const running: OnTcp[] = [];
  for (const contestant of contestants) running.push(await startOnTcp(processes, contestant));
  const medians = await compare(WORKLOAD, running, load);
  for (const { name, pid } of running) assertCounted(name, pid);
  printTable("hello, over tcp", medians, BASE);
  printGoals(medians, GOALS.tcp);
}

function printGoals(medians: ReadonlyMap<string, Sample>, goals: Record<string, number>): void {
  const base = medians.get(BASE)?.cpu;
  for (const [name, goal] of Object.entries(goals)) {
    const cpu = medians.get(name)?.cpu;
    if (base === undefined || cpu === undefined) continue;
    const ratio = cpu / base, verdict = ratio <= goal ? "met" : "missed";
    console.log(`\nThe goal for ${name} is ≤ ${goal} × ${BASE}: ${verdict}, ${ratio.toFixed(2)}.`);
  }
}

function isInstalled(name: string, program: string | null): boolean {
  if (program === null) return true;
  try {
    new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return true;
  } catch {
    console.error(`${name} is not installed: left out`);
    return false;
  }
}
