/**
 * `deno task bench chain`: what a request costs in the whole chain, front and application server together: nginx and uWSGI with
 * Python, stackd's two halves with TypeScript, and each with the other world's half.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Chain, chains } from "./chain_contestants.ts";
import { compare, printTable, type Running } from "./compare.ts";
import { assertCounted } from "./gateway_start.ts";
import type { Sample, Workload } from "./measure.ts";
import { CPU, FIRST_PORT, HERE, Processes, reachable, reachableOnUnix } from "./processes.ts";

const WORKLOAD: Workload = { name: "hello", path: "/", script: "" };
const BASE = "nginx-uwsgi";
/** The most that a chain may cost, as a multiple of the base. */
const GOALS: Readonly<Record<string, number>> = { "stackd-stackd": 0.55, "stackd-uwsgi": 1 };

/** Runs the benchmark with the arguments behind its name; prints a Markdown table. */
export async function benchChain(args: readonly string[]): Promise<void> {
  const flags = parseArgs(args, { string: ["rounds", "seconds", "connections", "only"] });
  const only = typeof flags.only === "string" && flags.only !== "" ? flags.only.split(",") : [];
  await using processes = new Processes();
  // A copy, so that nobody replaces it meanwhile.
  const stackd = `${processes.directory}/stackd`;
  Deno.copyFileSync(Deno.env.get("STACKD_BINARY") ?? HERE("../dist/stackd"), stackd);
  const running: Running[] = [];
  for (const chain of chains(stackd)) {
    if ((only.length === 0 || only.includes(chain.name)) && isInstalled(chain)) {
      running.push(await start(processes, chain, FIRST_PORT + running.length));
    }
  }
  const medians = await compare(WORKLOAD, running, {
    rounds: Number(flags.rounds ?? 5),
    seconds: Number(flags.seconds ?? 2),
    connections: Number(flags.connections ?? 32),
  });
  for (const { name, pid } of running) [pid].flat().forEach((one) => assertCounted(name, one));
  printTable("hello, the whole chain", medians, BASE);
  printGoals(medians);
}

async function start(processes: Processes, chain: Chain, port: number): Promise<Running> {
  const directory = `${processes.directory}/${chain.name}`;
  Deno.mkdirSync(directory);
  const place = { directory, port, socket: `${directory}/app.sock` };
  const back = processes.start(CPU.contestant, chain.back(place));
  await reachableOnUnix(place.socket);
  const front = processes.start(CPU.contestant, chain.front(place));
  await reachable(port);
  return { name: chain.name, pid: [front.pid, back.pid], url: `http://127.0.0.1:${port}` };
}

function printGoals(medians: ReadonlyMap<string, Sample>): void {
  const base = medians.get(BASE)?.cpu;
  for (const [name, goal] of Object.entries(GOALS)) {
    const cpu = medians.get(name)?.cpu;
    if (base === undefined || cpu === undefined) continue;
    const ratio = cpu / base, verdict = ratio <= goal ? "met" : "missed";
    console.log(`\nThe goal for ${name} is ≤ ${goal} × ${BASE}: ${verdict}, ${ratio.toFixed(2)}.`);
  }
}

function isInstalled({ name, programs }: Chain): boolean {
  return programs.every((program) => {
    try {
      new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
      return true;
    } catch {
      console.error(`${name} is left out: ${program} is not installed`);
      return false;
    }
  });
}
